"""Each rung on data whose right answer can be seen by eye."""

import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_limits

from models.recommender import (
    AlsoBooked,
    AlsoBookedSettings,
    ALSSettings,
    BookingCounts,
    Bookings,
    Context,
    Contexts,
    Ease,
    EaseSettings,
    GraphFilter,
    GraphFilterSettings,
    History,
    ImplicitALS,
    SeasonPopularity,
    SeasonSettings,
    SimilarCustomers,
    SimilarCustomersSettings,
    bookings_of,
)
from models.recommender.contract import history_row

# customer, family, month of travel, days since booking: fourteen bookings
FOURTEEN = [
    ("anna", "nordsee", 5, 10), ("anna", "nordsee", 5, 375), ("anna", "ostsee", 9, 200),
    ("bernd", "nordsee", 5, 10), ("bernd", "ostsee", 6, 100),
    ("carla", "nordsee", 6, 30), ("carla", "prag", 12, 90),
    ("dieter", "prag", 12, 20), ("dieter", "prag", 12, 385), ("dieter", "prag", 12, 750),
    ("emma", "ostsee", 6, 50), ("emma", "harz", 12, 60),
    ("franz", "harz", 1, 15), ("greta", "nordsee", 5, 5),
]  # fmt: skip

ANYTIME = Context(month=None)


def booked(rows):
    customers, families, months, ages = zip(*rows, strict=True)
    return bookings_of(customers, families, np.array(months), np.array(ages, dtype=float))


def who_booked(pairs):
    return booked([(customer, family, 5, 10.0) for customer, family in pairs])


def favourites(rung, history, context=ANYTIME):
    scores = rung.score(history, context)
    order = np.argsort(-scores, kind="stable")
    return [rung.families[place] for place in order if rung.families[place] not in history.families]


@pytest.fixture
def fourteen():
    return booked(FOURTEEN)


def history_of(*families):
    return History(families, (1,) * len(families))


# Half the customers book the black fields of the board, half the white ones, each all but one of a colour.
BOARD = 8
CHECKERBOARD = who_booked(
    (f"{colour}{left_out}{twin}", f"f{family}")
    for colour in (0, 1)
    for left_out in range(colour, BOARD, 2)
    for twin in range(3)
    for family in range(colour, BOARD, 2)
    if family != left_out
)
PERSONAL = [
    (AlsoBooked, AlsoBookedSettings()),
    (SimilarCustomers, SimilarCustomersSettings()),
    (ImplicitALS, ALSSettings(factors=4, regularisation=1.0)),
    (Ease, EaseSettings(ridge=1.0)),
    (GraphFilter, GraphFilterSettings(factors=2)),
]


@pytest.mark.parametrize(("rung", "settings"), PERSONAL)
@pytest.mark.parametrize("left_out", range(BOARD))
def test_on_a_checkerboard_the_missing_field_of_the_same_colour_comes_first(rung, settings, left_out):
    same_colour = [f"f{family}" for family in range(left_out % 2, BOARD, 2) if family != left_out]
    fitted = rung.fit(CHECKERBOARD, settings)
    assert favourites(fitted, history_of(*same_colour))[0] == f"f{left_out}"


@pytest.mark.parametrize(("rung", "settings"), [*PERSONAL, (SeasonPopularity, SeasonSettings())])
def test_the_same_bookings_give_the_same_bits(rung, settings, fourteen):
    first, second = rung.fit(fourteen, settings).arrays(), rung.fit(booked(FOURTEEN), settings).arrays()
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert array.tobytes() == second[name].tobytes(), name


@pytest.mark.parametrize(("rung", "settings"), PERSONAL)
def test_nothing_known_and_unknown_families_score_zero_not_minus_infinity(rung, settings, fourteen):
    fitted = rung.fit(fourteen, settings)
    for history in (History(), history_of("a family of next year"), History(("prag",), (0,))):
        np.testing.assert_array_equal(fitted.score(history, ANYTIME), np.zeros(4))


@pytest.mark.parametrize(("rung", "settings"), PERSONAL)
def test_contributions_add_up_to_the_score(rung, settings, fourteen):
    fitted = rung.fit(fourteen, settings)
    history = sparse.csr_array(np.array([[2.0, 0.0, 1.0, 1.0]]))
    scores = fitted.score_many(history, Contexts.nothing(1))[0]
    parts = [fitted.contributions(history, family).sum() for family in range(4)]
    np.testing.assert_allclose(parts, scores, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("rung", "settings"), PERSONAL)
def test_the_strongest_is_the_one_that_adds_most(rung, settings, fourteen):
    fitted = rung.fit(fourteen, settings)
    names = fourteen.families
    for history in (history_of(names[0], names[2], names[3]), History(viewed=(names[1],))):
        for family in range(4):
            weights = fitted.contributions(history_row(fitted.index, history), family)
            name, weight = fitted.strongest(history, family)
            assert weight == pytest.approx(weights.max())
            assert weights[fitted.index[name]] == weights.max()


@pytest.mark.parametrize(("rung", "settings"), [*PERSONAL, (SeasonPopularity, SeasonSettings())])
def test_one_and_many_are_scored_alike(rung, settings, fourteen):
    fitted = rung.fit(fourteen, settings)
    counts, months = fourteen.counts(), np.array([5, 0, 12, 1, 5, 6, 7])
    together = fitted.score_many(counts, Contexts.of_months(months))
    for row, month in enumerate(months):
        times = counts[[row]].toarray()[0]
        known = [(family, int(n)) for family, n in zip(fitted.families, times, strict=True) if n]
        history = History(tuple(family for family, _ in known), tuple(n for _, n in known))
        alone = fitted.score(history, Context(month=int(month) or None))
        np.testing.assert_allclose(alone, together[row], rtol=1e-5)


class TestSeasonPopularity:
    def test_counts_customers_not_bookings(self, fourteen):
        """Prag has four bookings but two customers; Nordsee and Ostsee have four and three."""
        evenly = SeasonPopularity.fit(fourteen, SeasonSettings(half_life_days=1e12))
        np.testing.assert_allclose(evenly.shares[0], np.array([2, 4, 3, 2]) / 11)
        assert evenly.families == ("harz", "nordsee", "ostsee", "prag")

    def test_a_month_counts_its_neighbours_half_and_leans_on_the_year(self, fourteen):
        """December: Prag 2, Harz 1; January: Harz 1 (half). Shares of the year, 10 imagined customers' worth."""
        settings = SeasonSettings(half_life_days=1e12, prior_customers=1.0)
        december = SeasonPopularity.fit(fourteen, settings).score(History(), Context(month=12))
        expected = np.array([1 / 2 + 1 / 4, 0, 0, 2 / 2]) + np.array([2, 4, 3, 2]) / 11
        np.testing.assert_allclose(december, expected / expected.sum())

    def test_the_year_is_a_circle(self):
        january = SeasonPopularity.fit(
            booked([("a", "prag", 12, 1), ("b", "harz", 6, 1), ("c", "harz", 6, 1)]), SeasonSettings()
        )
        assert favourites(january, History(), Context(month=1)) == ["harz", "prag"]
        near = SeasonSettings(prior_customers=0.01)
        january = SeasonPopularity.fit(booked([("a", "prag", 12, 1), ("b", "harz", 6, 1)]), near)
        assert favourites(january, History(), Context(month=1))[0] == "prag"

    def test_recent_customers_count_more(self):
        aged = booked([("a", "prag", 5, 730), ("a", "prag", 5, 1_460), ("b", "harz", 5, 0)])
        shares = SeasonPopularity.fit(aged, SeasonSettings(half_life_days=730)).shares
        np.testing.assert_allclose(shares[0], [2 / 3, 1 / 3])

    def test_without_months_the_year_answers(self):
        undated = booked([("a", "prag", 0, 1), ("b", "prag", 0, 1), ("b", "harz", 0, 1)])
        shares = SeasonPopularity.fit(undated, SeasonSettings()).shares
        np.testing.assert_allclose(shares, np.tile([1 / 3, 2 / 3], (13, 1)))


class TestAlsoBooked:
    def test_three_of_three_do_not_beat_three_hundred_of_four_hundred(self):
        """X and its big partner share 300 of 400 customers; the tiny family is booked by three, all of X."""
        of_x = [(f"x{n}", "x") for n in range(400)]
        of_big = [(f"x{n}", "big") for n in range(300)] + [(f"b{n}", "big") for n in range(100)]
        of_tiny = [(f"x{n}", "tiny") for n in range(397, 400)]
        rare = [(f"r{n}", family) for n in range(3) for family in ("rare", "rare's friend")]
        fitted = AlsoBooked.fit(who_booked(of_x + of_big + of_tiny + rare), AlsoBookedSettings())
        assert favourites(fitted, history_of("x"))[:2] == ["big", "tiny"]
        similarity = dict(zip(fitted.families, fitted.score(history_of("x"), ANYTIME), strict=True))
        friends = dict(zip(fitted.families, fitted.score(history_of("rare"), ANYTIME), strict=True))
        assert similarity["big"] > friends["rare's friend"] > 0

    def test_without_the_correction_three_of_three_would_win(self):
        pairs = [(f"x{n}", family) for n in range(300) for family in ("x", "big")]
        pairs += [(f"b{n}", "big") for n in range(100)] + [(f"x{n}", "x") for n in range(300, 400)]
        pairs += [(f"r{n}", family) for n in range(3) for family in ("rare", "rare's friend")]
        naive = AlsoBooked.fit(who_booked(pairs), AlsoBookedSettings(shrinkage=0.0))
        corrected = AlsoBooked.fit(who_booked(pairs), AlsoBookedSettings(shrinkage=10.0))

        def strength(rung, first, second):
            return rung.score(history_of(first), ANYTIME)[rung.families.index(second)]

        assert strength(naive, "rare", "rare's friend") > strength(naive, "x", "big")
        assert strength(corrected, "rare", "rare's friend") < strength(corrected, "x", "big")

    def test_similarity_by_hand(self, fourteen):
        """Nordsee and Ostsee: Anna and Bernd, who booked two families each: (1/2 + 1/2) / root(4 * 3) * 2/(2+10)."""
        similarity = AlsoBooked.fit(fourteen, AlsoBookedSettings(shrinkage=10.0)).similarity.toarray()
        nordsee, ostsee = 1, 2
        assert similarity[nordsee, ostsee] == pytest.approx(1 / np.sqrt(12) * 2 / 12)
        assert similarity[nordsee, nordsee] == 0

    def test_keeps_the_nearest_neighbours(self, fourteen):
        full = AlsoBooked.fit(fourteen, AlsoBookedSettings()).similarity.toarray()
        nearest = AlsoBooked.fit(fourteen, AlsoBookedSettings(neighbours=1)).similarity.toarray()
        assert (np.count_nonzero(nearest, axis=1) == 1).all()
        np.testing.assert_array_equal(nearest.max(axis=1), full.max(axis=1))

    def test_blocks_of_rows_change_nothing(self, monkeypatch):
        random = np.random.default_rng(3)
        pairs = [
            (f"c{c}", f"f{f}")
            for c, f in zip(random.integers(0, 40, 300), random.integers(0, 23, 300), strict=True)
        ]
        whole = AlsoBooked.fit(who_booked(pairs), AlsoBookedSettings()).similarity.toarray()
        monkeypatch.setattr("models.recommender.pairs.BLOCK", 5)
        parts = AlsoBooked.fit(who_booked(pairs), AlsoBookedSettings()).similarity.toarray()
        np.testing.assert_array_equal(whole, parts)


class TestImplicitALS:
    @pytest.fixture
    def implicit_model(self):
        """Implicit's own model on the checkerboard, with the settings and confidences that ours uses."""
        from implicit.cpu.als import AlternatingLeastSquares

        confidence = sparse.csr_matrix(CHECKERBOARD.counts())
        confidence.data = 1.0 + 10.0 * confidence.data
        with threadpool_limits(1, user_api="blas"):
            model = AlternatingLeastSquares(factors=4, regularization=1.0, iterations=30, random_state=7)
            model.fit(confidence, show_progress=False)
            exact = np.stack(
                [model.recalculate_user(0, confidence[row]) for row in range(confidence.shape[0])]
            )
        return model, exact

    @pytest.fixture
    def ours(self):
        settings = ALSSettings(factors=4, regularisation=1.0, alpha=10.0, iterations=30, seed=7)
        return ImplicitALS.fit(CHECKERBOARD, settings)

    def test_fold_in_equals_implicits_own(self, implicit_model, ours):
        model, exact = implicit_model
        np.testing.assert_array_equal(ours.item_factors, model.item_factors)
        np.testing.assert_allclose(ours.fold_in(CHECKERBOARD.counts()), exact, rtol=1e-3, atol=1e-4)

    def test_fold_in_has_the_direction_of_the_fitted_customer(self, implicit_model, ours):
        model, _ = implicit_model
        folded = ours.fold_in(CHECKERBOARD.counts())
        cosine = (folded * model.user_factors).sum(axis=1) / (
            np.linalg.norm(folded, axis=1) * np.linalg.norm(model.user_factors, axis=1)
        )
        assert cosine.min() > 0.99

    def test_more_factors_than_families_are_cut(self, fourteen):
        assert ImplicitALS.fit(fourteen, ALSSettings(factors=64)).item_factors.shape == (4, 4)


class TestSimilarCustomers:
    def test_the_sum_of_similar_customers_by_hand(self, fourteen):
        """Who booked Prag is like Carla, of two families, and Dieter, of one; of them Carla booked the Nordsee."""
        scores = SimilarCustomers.fit(fourteen, SimilarCustomersSettings()).score(history_of("prag"), ANYTIME)
        nordsee, ostsee = fourteen.families.index("nordsee"), fourteen.families.index("ostsee")
        assert scores[nordsee] == pytest.approx(1 / 2 / np.sqrt(2))
        assert scores[ostsee] == 0.0

    def test_only_the_nearest_count(self, fourteen):
        """Emma shares both, Franz one of his one; with one neighbour only Emma is asked."""
        history = history_of("ostsee", "harz")
        one = SimilarCustomers.fit(fourteen, SimilarCustomersSettings(neighbours=1)).score(history, ANYTIME)
        all_of_them = SimilarCustomers.fit(fourteen, SimilarCustomersSettings()).score(history, ANYTIME)
        nordsee = fourteen.families.index("nordsee")
        assert one[nordsee] == 0.0 < all_of_them[nordsee]

    def test_of_many_customers_some_are_drawn(self, fourteen):
        drawn = SimilarCustomers.fit(fourteen, SimilarCustomersSettings(customers=3))
        assert drawn.booked.shape == (3, 4)


class TestEase:
    def test_weights_by_the_papers_equation(self, fourteen):
        booked = (fourteen.counts().toarray() > 0).astype(float)
        inverse = np.linalg.inv(booked.T @ booked + 2.0 * np.eye(4))
        expected = np.eye(4) - inverse / np.diag(inverse)
        fitted = Ease.fit(fourteen, EaseSettings(ridge=2.0)).weights
        np.testing.assert_allclose(fitted, expected, rtol=1e-5, atol=1e-7)

    def test_a_large_catalogue_is_cut_to_the_families_booked_most(self, fourteen):
        """Four booked the Nordsee and three the Ostsee; Harz and Prag have two each, and the first is taken."""
        fitted = Ease.fit(fourteen, EaseSettings(families=3))
        assert [fitted.families[place] for place in fitted.chosen] == ["harz", "nordsee", "ostsee"]
        assert fitted.score(history_of("nordsee"), ANYTIME)[fitted.index["prag"]] == 0.0
        assert not fitted.score(history_of("prag"), ANYTIME).any()


class TestBookingCounts:
    def test_equal_a_count_by_hand(self, fourteen):
        counts = BookingCounts.of(fourteen)
        assert counts.customers_of("nordsee") == 4
        assert counts.customers_of("nordsee", 5) == 3
        assert counts.customers_of("prag", 12) == 2
        assert counts.customers_of_both("nordsee", "ostsee") == 2
        assert counts.customers_of_both("nordsee", "nordsee") == 0
        assert counts.customers_of_both("harz", "prag") == 0

    def test_equal_brute_force(self):
        random = np.random.default_rng(5)
        rows = [
            (
                f"c{random.integers(60)}",
                f"f{int(random.random() ** 2 * 15)}",
                int(random.integers(1, 13)),
                1.0,
            )
            for _ in range(400)
        ]
        counts = BookingCounts.of(booked(rows))
        for first in counts.families:
            of_first = {customer for customer, family, _, _ in rows if family == first}
            assert counts.customers_of(first) == len(of_first)
            for month in range(1, 13):
                assert counts.customers_of(first, month) == len(
                    {customer for customer, family, m, _ in rows if (family, m) == (first, month)}
                )
            for second in set(counts.families) - {first}:
                of_second = {customer for customer, family, _, _ in rows if family == second}
                assert counts.customers_of_both(first, second) == len(of_first & of_second)


def test_bookings_number_everything_once(fourteen):
    assert isinstance(fourteen, Bookings)
    assert (len(fourteen), fourteen.n_customers) == (14, 7)
    anna, dieter = fourteen.counts().toarray()[[0, 3]]
    assert anna.tolist() == [0, 2, 1, 0]
    assert dieter.tolist() == [0, 0, 0, 3]
