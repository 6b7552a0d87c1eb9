"""What windows are judged by: places instead of sorting, and the trips of those who travel along."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from models.recommender import bookings_of
from training.recommender.metrics import best, ranking_metrics
from training.recommender.party import taken_by_companions
from training.recommender.ranks import metrics_of
from training.recommender.reporting import mean_intervals


@given(
    arrays.arrays(np.int8, (6, 7), elements=st.integers(0, 3)),
    arrays.arrays(np.bool_, (6, 7)),
    arrays.arrays(np.int64, 6, elements=st.integers(0, 2)),
)
def test_metrics_by_place_are_those_by_sorting(scores, booked, unknown):
    """Also with equal scores; `unknown` families were booked too, and could not be ranked."""
    booked[:, 0] |= booked.sum(axis=1) == 0
    relevant, scores = sparse.csr_array(booked.astype(float)), scores.astype(float)
    wanted = booked.sum(axis=1) + unknown
    expected = ranking_metrics(best(scores, 5), relevant, wanted, (3, 5))
    found = metrics_of(scores, relevant, wanted, (3, 5))
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, err_msg=name)


def test_the_trips_of_companions_are_those_without_the_customer():
    """Anna and Bernd go to the North Sea twice, Bernd with Carla to Rome, Carla alone to Prague.

    Anna's companion is Bernd, who was in Rome without her; Bernd's are both, and Carla was in Prague without him.
    """
    trips = [
        ("n1", "anna", "nordsee"), ("n1", "bernd", "nordsee"), ("n2", "anna", "nordsee"), ("n2", "bernd", "nordsee"),
        ("r1", "bernd", "rom"), ("r1", "carla", "rom"), ("p1", "carla", "prag"),
    ]  # fmt: skip
    booking, who, family = zip(*trips, strict=True)
    bookings = bookings_of(who, family, np.zeros(len(trips), int), np.ones(len(trips)))
    assert bookings.families == ("nordsee", "prag", "rom")
    taken = taken_by_companions(pa.table({"booking_id": list(booking)}), bookings, np.arange(3)).toarray()
    assert taken.tolist() == [[0, 0, 1], [0, 1, 0], [2, 0, 0]]


def test_the_interval_of_equal_values_is_a_point():
    assert mean_intervals(np.full((20, 1), 0.5), seed=7)[0] == (0.5, 0.5)
    wide, narrow = (mean_intervals(np.arange(n)[:, None] / n, seed=7)[0] for n in (10, 1_000))
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
    assert pytest.approx(0.5, abs=0.03) == (narrow.high + narrow.low) / 2
