"""Fifths of a hundred customers, one of many who booked once, and names that are true."""

import numpy as np
import pytest

from models.rfm import RfmScale, name_of

HUNDRED = np.arange(1.0, 101.0)


def known(days, bookings, revenue):
    return {"days_since_last_booking": days, "total_bookings": bookings, "lifetime_revenue": revenue}


@pytest.fixture
def scale() -> RfmScale:
    """Customer n booked n days ago, n times, for n euros."""
    made = RfmScale.fit(HUNDRED, HUNDRED, HUNDRED)
    assert made is not None
    return made


def test_each_fifth_holds_twenty_of_a_hundred(scale):
    frequencies = [scale.of(known(1.0, int(n), 1.0)).frequency for n in HUNDRED]
    assert [frequencies.count(score) for score in range(1, 6)] == [20] * 5
    recencies = [scale.of(known(n, 1, 1.0)).recency for n in HUNDRED]
    assert (recencies[0], recencies[-1]) == (5, 1)
    assert [recencies.count(score) for score in range(1, 6)] == [20] * 5


def test_customers_alike_have_the_same_score():
    bookings = np.array([1.0] * 70 + [2.0] * 20 + [5.0] * 10)
    scale = RfmScale.fit(np.full(100, 9.0), bookings, bookings)
    assert [scale.of(known(9.0, count, count)).frequency for count in (1, 2, 5)] == [1, 4, 5]


def test_of_a_few_customers_no_fifths_are_made():
    assert RfmScale.fit(HUNDRED[:24], HUNDRED[:24], HUNDRED[:24]) is None


def test_who_never_booked_has_no_score(scale):
    assert scale.of(known(None, 0, 0.0)) is None


@pytest.mark.parametrize("recency", range(1, 6))
@pytest.mark.parametrize("frequency", range(1, 6))
@pytest.mark.parametrize("monetary", range(1, 6))
def test_nobody_who_booked_once_is_called_loyal(recency, frequency, monetary):
    assert name_of(recency, frequency, monetary, bookings=1) not in (
        "champions",
        "loyal",
        "at_risk",
        "cannot_lose",
    )
