"""The recommender as serving holds it: ranking, reasons, repeat or new, saving and loading."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from models.recommender import (
    RUNGS,
    AlsoBookedSettings,
    ALSSettings,
    AttributeSettings,
    BookingCounts,
    Context,
    Contexts,
    GraphFilterSettings,
    History,
    Recommender,
    RepeatOrNew,
    SeasonSettings,
    bookings_of,
)
from models.recommender.recommender import Mixing
from models.recommender.repeat import shares

SETTINGS = {
    "season_popularity": SeasonSettings(),
    "repeat_or_new": SeasonSettings(),
    "attributes": AttributeSettings(),
    "also_booked": AlsoBookedSettings(),
    "als": ALSSettings(factors=4, regularisation=1.0),
    "graph_filter": GraphFilterSettings(factors=2),
}
MAY, DECEMBER, ANYTIME = Context(month=5), Context(month=12), Context(month=None)


def coast_and_mountains():
    """Forty people book both coasts in May, thirty both mountains in June, ten Prag in December, and nothing else."""
    rows = [(f"c{n}", family, 5) for n in range(40) for family in ("nordsee", "ostsee")]
    rows += [(f"m{n}", family, 6) for n in range(30) for family in ("dolomiten", "suedtirol")]
    rows += [(f"p{n}", "prag", 12) for n in range(10)]
    return rows


def recommender(live, rows=None):
    customers, families, months = zip(*(rows or coast_and_mountains()), strict=True)
    bookings = bookings_of(customers, families, np.array(months), np.ones(len(months)))
    return Recommender(
        families=bookings.families,
        rungs={rung.name: rung.fit(bookings, SETTINGS[rung.name]) for rung in RUNGS},
        live=live,
        why="because the test says so",
        repeat=RepeatOrNew.fit(bookings),
        mixing=Mixing(season_weight=0.3),
        counts=BookingCounts.of(bookings),
        stops=bookings.stops,
        trained_as_of=datetime(2026, 1, 1, tzinfo=UTC),
        n_customers=bookings.n_customers,
    )


NORDSEE_FRIEND = History(("nordsee",), (2,))


@pytest.mark.parametrize("live", ["also_booked", "als", "graph_filter"])
def test_the_partner_is_the_first_new_family_and_says_how_many_booked_both(live):
    ranked = recommender(live).rank(NORDSEE_FRIEND, ANYTIME)
    new = [suggestion for suggestion in ranked if suggestion.family != "nordsee"]
    assert new[0].family == "ostsee"
    evidence = new[0].evidence
    assert (evidence.kind, evidence.because_of) == ("also_booked", "nordsee")
    assert (evidence.customers_both, evidence.customers) == (40, 40)


@pytest.mark.parametrize("live", list(SETTINGS))
def test_scores_are_chances(live):
    for history in (History(), NORDSEE_FRIEND, History(viewed=("prag",)), History(("gone",), (3,))):
        ranked = recommender(live).rank(history, MAY)
        scores = [suggestion.score for suggestion in ranked]
        assert sum(scores) == pytest.approx(1)
        assert scores == sorted(scores, reverse=True)
        assert min(scores) >= 0
        assert len(ranked) == 5


def test_families_booked_before_stay_in_with_their_own_reason():
    (own,) = [s for s in recommender("als").rank(NORDSEE_FRIEND, MAY) if s.family == "nordsee"]
    assert (own.evidence.kind, own.evidence.times) == ("own_history", 2)


@pytest.mark.parametrize("live", list(SETTINGS))
def test_a_pair_nobody_booked_is_never_claimed(live):
    """Prag was booked with nothing else, so its evidence is how many booked it, in the month or ever."""
    (december,) = [s for s in recommender(live).rank(NORDSEE_FRIEND, DECEMBER) if s.family == "prag"]
    assert (december.evidence.kind, december.evidence.customers) == ("season_popularity", 10)
    assert december.evidence.month == 12
    (may,) = [s for s in recommender(live).rank(NORDSEE_FRIEND, MAY) if s.family == "prag"]
    assert (may.evidence.customers, may.evidence.month) == (10, None)


def test_who_answers_and_why():
    model = recommender("als")
    assert model.basis(NORDSEE_FRIEND)[:2] == ("als", "live")
    assert model.basis(NORDSEE_FRIEND).why == "because the test says so"
    assert model.basis(History())[:2] == ("season_popularity", "nothing_known")
    assert model.basis(History(("gone",), (1,)))[:2] == ("season_popularity", "nothing_known")
    assert model.basis(History(viewed=("ostsee",)))[:2] == ("also_booked", "only_viewed")


def test_a_tour_looked_at_brings_its_partner():
    ranked = recommender("season_popularity").rank(History(viewed=("dolomiten",)), ANYTIME)
    reasons = {suggestion.family: suggestion.evidence for suggestion in ranked}
    assert ranked[0].family == "suedtirol"
    partner = reasons["suedtirol"]
    assert (partner.kind, partner.because_of, partner.customers_both) == ("viewed", "dolomiten", 30)
    seen = reasons["dolomiten"]
    assert (seen.kind, seen.because_of, seen.customers_both) == ("viewed", "dolomiten", None)


def test_only_what_can_be_booked_and_no_more_than_asked():
    model = recommender("als")
    offered = {"prag", "ostsee", "a family without bookings"}
    assert [s.family for s in model.rank(NORDSEE_FRIEND, MAY, among=offered)] == ["ostsee", "prag"]
    assert [s.family for s in model.rank(NORDSEE_FRIEND, MAY, n=1, among=offered)] == ["ostsee"]


def test_also_booked_lists_partners_only():
    model = recommender("season_popularity")
    (partner,) = model.also_booked("nordsee", 3)
    assert (partner.family, partner.evidence.customers_both, partner.evidence.customers) == ("ostsee", 40, 40)
    assert model.also_booked("prag", 3) == []
    assert model.also_booked("a family of next year", 3) == []


@pytest.mark.parametrize("live", list(SETTINGS))
def test_saved_and_loaded_it_answers_to_the_bit(live, tmp_path):
    saved = recommender(live)
    saved.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model")
    for history in (History(), NORDSEE_FRIEND, History(("prag", "ostsee"), (1, 3), ("dolomiten",))):
        for context in (MAY, ANYTIME):
            assert loaded.rank(history, context) == saved.rank(history, context)
    assert loaded.also_booked("nordsee") == saved.also_booked("nordsee")
    assert (loaded.why, loaded.repeat, loaded.n_customers) == (saved.why, saved.repeat, saved.n_customers)
    assert loaded.trained_as_of == saved.trained_as_of
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == [
        "recommender.json",
        "recommender.npz",
    ]


def test_another_format_is_refused(tmp_path):
    recommender("als").save(tmp_path)
    card = tmp_path / "recommender.json"
    card.write_text(card.read_text().replace('"format": 2', '"format": 99'))
    with pytest.raises(ValueError, match="format 99"):
        Recommender.load(tmp_path)


def booked_in_order(*customers):
    """Bookings a day apart: for each customer the families in the order in which they were booked."""
    rows = [
        (f"c{number}", family, len(taken) - day)
        for number, taken in enumerate(customers)
        for day, family in enumerate(taken)
    ]
    names, families, ages = zip(*rows, strict=True)
    return bookings_of(names, families, np.zeros(len(rows), int), np.array(ages, float))


def visitors(*rows):
    """Contexts of (latest, again, moves)."""
    latest, again, moves = np.array(rows).T
    nothing = Contexts.nothing(len(rows))
    return Contexts(nothing.months, nothing.stops, latest, again, moves)


class TestRepeatOrNew:
    def test_the_formula_by_hand(self):
        """Booked a, b, b: once again in two moves. Then b again with (1 + 1) / (1 + 1 + 2), else a known or c new."""
        model = RepeatOrNew(again=1.0, other=1.0, novelty=0.5, discount=0.25)
        contexts, counts = visitors((1, 1, 2)), sparse.csr_array(np.array([[1.0, 2.0, 0.0]]))
        assert model.same_again(contexts).tolist() == [0.5]
        new = 0.5 + 0.25 * 2
        chance_of_new = new / (new + 1 - 0.25)
        chances = model.next_family(np.array([[0.2, 0.3, 0.5]]), counts, contexts)
        np.testing.assert_allclose(chances, [[0.5 * (1 - chance_of_new), 0.5, 0.5 * chance_of_new]])

    def test_it_is_learned_who_rebooks_and_each_customer_for_themselves(self):
        faithful = [["nordsee"] * 6] * 30
        curious = [["nordsee", "prag", "mosel", "elsass", "harz", "wien"]] * 30
        model = RepeatOrNew.fit(booked_in_order(*faithful, *curious))
        always, never, newcomer = model.same_again(visitors((0, 5, 5), (0, 0, 5), (0, 0, 0)))
        assert always > 0.9
        assert never < 0.1
        assert 0.4 < newcomer < 0.6

    def test_coming_and_going_between_two_is_not_repeating_the_last(self):
        model = RepeatOrNew.fit(booked_in_order(*[["mosel", "elsass"] * 3] * 40))
        counts = sparse.csr_array(np.array([[3.0, 3.0, 0.0]]))
        first = model.next_family(np.full((1, 3), 1 / 3), counts, visitors((0, 0, 5)))[0]
        assert first.argmax() == 1
        assert first[1] > 0.8

    def test_without_second_bookings_it_stays_undecided(self):
        model = RepeatOrNew.fit(booked_in_order(["a"], ["b"], ["c"], ["d"]))
        assert 0.3 < model.same_again(visitors((0, 0, 0)))[0] < 0.7

    def test_who_has_booked_everything_can_only_repeat(self):
        everything = sparse.csr_array(np.ones((1, 2)))
        shared = RepeatOrNew(1.0, 1.0, 1.0, 0.0).next_family(
            np.array([[0.5, 0.5]]), everything, visitors((0, 0, 1))
        )
        np.testing.assert_allclose(shared, [[1 / 3, 2 / 3]])

    def test_who_knows_one_family_only_books_it_again_or_something_new(self):
        one = sparse.csr_array(np.array([[4.0, 0.0]]))
        chances = RepeatOrNew(1.0, 1.0, 1.0, 0.0).next_family(
            np.array([[0.9, 0.1]]), one, visitors((0, 3, 3))
        )
        np.testing.assert_allclose(chances, [[4 / 5, 1 / 5]])

    @given(
        st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=6), min_size=1, max_size=8),
        st.integers(0, 100),
    )
    def test_chances_are_chances_whatever_was_booked(self, histories, seed):
        bookings = booked_in_order(*[[f"f{family}" for family in taken] for taken in histories])
        model, counts = RepeatOrNew(0.5, 0.7, 1.0, 0.3), bookings.counts()
        scores = np.random.default_rng(seed).random(counts.shape)
        chances = model.next_family(scores, counts, bookings.contexts())
        np.testing.assert_allclose(chances.sum(axis=1), 1.0)
        assert (chances >= 0).all()

    def test_shares_keep_the_order(self):
        scores = np.array([[0.3, -0.1, 0.0], [0.0, 0.0, 0.0], [0.5, 0.25, 0.25]])
        result = shares(scores)
        assert result[0].argsort().tolist() == [1, 2, 0]
        np.testing.assert_allclose(result[1], 0)
        np.testing.assert_allclose(result[2], scores[2])
