"""Blend and ranker: what is held out for them to learn, what they may suggest, and what they answer."""

import time

import numpy as np
import pytest
from scipy import sparse

from models.recommender import ALSSettings, GraphFilterSettings, History, bookings_of
from models.recommender.contexts import Contexts
from models.recommender.contract import Context
from models.recommender.mixture import Mixture, learn_weights
from models.recommender.ranker import Ranker, RankerSettings
from models.recommender.stack import Candidates, Examples, Lesson, StackSettings

SMALL = {"als": ALSSettings(factors=4), "graph_filter": GraphFilterSettings(factors=4), "candidates": 6}
BOTH = [(Mixture, StackSettings(**SMALL)), (Ranker, RankerSettings(trees=10, least_rows=10, **SMALL))]
FAMILIES = 20


def shelves(customers=300, seed=1, dated=True):
    """Each customer loves one of four shelves of five tours and books four of it; one booking is chance."""
    random = np.random.default_rng(seed)
    rows = [
        (f"c{n:03d}", f"f{family:02d}", age if dated else 0.0)
        for n in range(customers)
        for shelf in [int(random.integers(4))]
        for age, family in enumerate([*(shelf * 5 + random.permutation(5)[:4]), random.integers(FAMILIES)])
    ]
    names, families, ages = zip(*rows, strict=True)
    return bookings_of(names, families, np.full(len(rows), 5), np.array(ages, dtype=float))


@pytest.fixture(scope="module")
def bookings():
    return shelves()


@pytest.fixture(scope="module", params=BOTH, ids=["blend", "ranker"])
def fitted(request, bookings):
    rung, settings = request.param
    return rung.fit(bookings, settings)


class TestLesson:
    def test_the_latest_of_five_is_held_out(self):
        """Anna's newest booking is of Prag; Bernd has booked once, which leaves nothing to hold out."""
        families = ["nordsee", "ostsee", "harz", "rhein", "prag", "nordsee"]
        customers = ["anna"] * 5 + ["bernd"]
        ages = np.array([500.0, 400, 300, 200, 10, 5])
        lesson = Lesson.of(bookings_of(customers, families, np.zeros(6, dtype=int), ages), seed=7)
        assert len(lesson) == 1
        assert [lesson.past.families[column] for column in lesson.found.indices] == ["prag"]
        assert lesson.histories.toarray().tolist() == [[1, 1, 1, 0, 1]]
        assert len(lesson.past) == 5

    def test_a_repeat_is_nothing_to_be_found(self):
        ages = np.array([300.0, 10])
        twice = bookings_of(["anna"] * 2, ["prag"] * 2, np.zeros(2, dtype=int), ages)
        assert len(Lesson.of(twice, seed=7)) == 0

    def test_undated_bookings_are_held_out_at_random_by_seed(self):
        undated = shelves(dated=False)
        first, again, other = (Lesson.of(undated, seed=seed).past.family.tolist() for seed in (7, 7, 8))
        assert first == again != other
        assert len(first) == len(undated) - 300

    def test_the_past_keeps_all_customers_and_families(self, bookings):
        past = Lesson.of(bookings, seed=7).past
        assert (past.families, past.n_customers) == (bookings.families, bookings.n_customers)


class TestCandidates:
    def test_the_best_of_each_rung_that_are_not_known(self):
        scores = np.array([[[0.9, 0.5, 0.4, 0.0]], [[0.1, 0.2, 0.0, 0.8]]])
        history = sparse.csr_array(np.array([[1.0, 0, 0, 0]]))
        candidates = Candidates.of(scores, history, most=1)
        assert candidates.column.tolist() == [1, 3]
        assert candidates.scores.tolist() == [[0.5, 0.2], [0.0, 0.8]]

    def test_what_scores_nothing_is_no_candidate(self):
        scores = np.zeros((2, 1, 4))
        assert len(Candidates.of(scores, sparse.csr_array((1, 4)), most=9).row) == 0

    def test_places_and_shares_by_hand(self):
        row = np.array([0, 0, 0, 2, 2])
        candidates = Candidates(row, np.arange(5), np.zeros((5, 1)))
        scores = np.array([0.2, 0.8, 0.4, 0.1, 0.1])
        assert candidates.places(scores).tolist() == [2, 0, 1, 0, 1]
        np.testing.assert_allclose(candidates.shares_of_best(scores), [0.25, 1, 0.5, 1, 1])


class TestWeights:
    def examples(self, good, bad):
        """100 customers with two candidates each; the first of them was booked."""
        row, column = np.repeat(np.arange(100), 2), np.tile([0, 1], 100)
        candidates = Candidates(row, column, np.column_stack([good, bad]).astype(np.float32))
        gains = (column == 0).astype(np.int8)
        return Examples(candidates, gains, np.ones(100, dtype=int), np.ones(100, dtype=int))

    def test_a_rung_that_adds_nothing_weighs_nothing(self):
        weights = learn_weights(self.examples(np.tile([0.9, 0.1], 100), np.tile([0.1, 0.9], 100)), k=1)
        assert weights.tolist() == [1.0, 0.0]

    def test_two_rungs_that_each_know_half_are_both_used(self):
        first = np.where(np.arange(200) < 100, np.tile([0.9, 0.1], 100), 0.0)
        second = np.where(np.arange(200) >= 100, np.tile([0.9, 0.1], 100), 0.0)
        second[:100], first[100:] = np.tile([0.0, 0.01], 50), np.tile([0.0, 0.01], 50)
        weights = learn_weights(self.examples(first, second), k=1)
        assert (weights > 0).all()

    def test_with_too_few_customers_all_weigh_alike(self):
        few = self.examples(np.tile([0.9, 0.1], 100), np.tile([0.1, 0.9], 100)).first(49)
        assert learn_weights(few, k=1).tolist() == [1.0, 1.0]


class TestBoth:
    def test_the_tour_missing_on_the_shelf_comes_first(self, fitted):
        for left_out in range(FAMILIES):
            shelf = left_out // 5 * 5
            known = tuple(f"f{family:02d}" for family in range(shelf, shelf + 5) if family != left_out)
            scores = fitted.score(History(known, (1,) * 4), Context())
            new = [
                (score, name)
                for score, name in zip(scores, fitted.families, strict=True)
                if name not in known
            ]
            assert max(new)[1] == f"f{left_out:02d}"

    def test_saved_and_restored_it_answers_the_same_to_the_bit(self, fitted, bookings):
        restored = type(fitted).restore(fitted.families, fitted.arrays())
        counts, contexts = bookings.counts(), bookings.contexts()
        np.testing.assert_array_equal(
            restored.score_many(counts, contexts), fitted.score_many(counts, contexts)
        )
        assert all(array.dtype != object for array in fitted.arrays().values())

    def test_the_same_bookings_give_the_same_bits(self, fitted):
        settings = dict(BOTH)[type(fitted)]
        again = type(fitted).fit(shelves(), settings).arrays()
        for name, array in fitted.arrays().items():
            assert array.tobytes() == again[name].tobytes(), name

    def test_finite_and_not_negative_also_for_nothing_known(self, fitted, bookings):
        histories = sparse.csr_array(sparse.vstack([sparse.csr_array((1, FAMILIES)), bookings.counts()[:5]]))
        scores = fitted.score_many(histories, Contexts.nothing(6))
        assert scores.shape == (6, FAMILIES)
        assert np.isfinite(scores).all()
        assert (scores >= 0).all()

    def test_one_and_many_are_scored_alike(self, fitted, bookings):
        counts, contexts = bookings.counts()[:20], bookings.contexts().take(np.arange(20))
        together = fitted.score_many(counts, contexts)
        for row in range(20):
            alone = fitted.score_many(counts[[row]], contexts.take(np.array([row])))
            np.testing.assert_allclose(alone[0], together[row], rtol=1e-4, atol=1e-6)

    def test_the_shelf_is_why(self, fitted):
        """f00 is suggested to who booked f01 and f10: because of f01, its neighbour on the shelf."""
        history = np.zeros((1, FAMILIES))
        history[0, [1, 10]] = 1
        weights = fitted.contributions(sparse.csr_array(history), 0)
        assert weights.argmax() == 1
        assert np.flatnonzero(weights).tolist() == [1, 10]

    def test_of_a_handful_of_customers_it_still_answers(self, fitted):
        few = shelves(customers=3)
        scores = type(fitted).fit(few, dict(BOTH)[type(fitted)]).score_many(few.counts(), few.contexts())
        assert np.isfinite(scores).all()


def test_one_visitor_is_ranked_in_a_blink(bookings):
    ranker = Ranker.fit(bookings, RankerSettings(**SMALL))
    counts, contexts = bookings.counts()[[0]], bookings.contexts().take(np.array([0]))
    took = []
    for _ in range(30):
        start = time.perf_counter()
        ranker.score_many(counts, contexts)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.005
