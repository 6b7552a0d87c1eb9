"""The search for settings: it finds what a neutral start misses, and the same again with the same seed."""

import numpy as np
import pytest

from models.recommender import AlsoBooked, AlsoBookedSettings, bookings_of
from models.recommender.stack import Lesson
from training.recommender import tuning
from training.recommender.holdout import Task
from training.recommender.tuning import Tuning

SEED = 7


@pytest.fixture(scope="module")
def task():
    """Customers love one of five shelves, but half of what they take is what everybody takes."""
    random = np.random.default_rng(2)
    pairs = {
        (
            f"c{n:03d}",
            f"i{shelf * 12 + random.integers(12) if random.random() < 0.6 else random.integers(4):02d}",
        )
        for n in range(150)
        for shelf in [random.integers(5)]
        for _ in range(9)
    }
    customers, items = zip(*sorted(pairs), strict=True)
    undated = np.zeros(len(pairs))
    return Task.of(Lesson.of(bookings_of(customers, items, undated.astype(int), undated), SEED))


def test_the_search_is_never_worse_than_where_it_starts(task):
    searched = Tuning(task, 5, SEED)
    start = searched.ndcg(AlsoBooked.fit(task.bookings, AlsoBookedSettings()))
    assert searched.ndcg(AlsoBooked.fit(task.bookings, searched.also_booked())) >= start


def test_the_same_seed_finds_the_same_and_trials_are_counted(task):
    said = []
    pairs = AlsoBookedSettings()
    first, again = (Tuning(task, 5, SEED, said.append).graph_filter(pairs) for _ in range(2))
    assert first == again
    assert len(said) == 2


def test_factors_are_doubled_only_while_it_helps(task, monkeypatch):
    """Sixty items and 150 customers leave 15 factors at most; the search stops at the best it saw."""
    monkeypatch.setattr(tuning, "FACTORS", (2,))
    said = []
    found = Tuning(task, 5, SEED, said.append).als()
    grown = [line for line in said if "factors reach" in line]
    assert found.factors in (2, 4, 8)
    assert len(grown) >= 1
    assert found.factors <= 15
