"""A clock that runs twice as fast in summer: days of a flat year are longer or shorter by it."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rebooking import RebookingCalendar
from models.season_clock import SeasonClock, days_of, months_share


def day(year: int, month: int, number: int = 1) -> float:
    return datetime(year, month, number, tzinfo=UTC).timestamp() / 86_400


def test_a_flat_clock_counts_calendar_days():
    assert SeasonClock.flat().elapsed(day(2025, 3), day(2025, 3, 11) + 0.5) == pytest.approx(10.5)


def test_a_busy_month_is_longer_than_a_quiet_one():
    """July at three times the pace of all others: 31 days there are three times those of August."""
    july = SeasonClock.of(np.log([1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1]))
    busy = july.elapsed(day(2025, 7), day(2025, 8))
    assert busy == pytest.approx(3 * july.elapsed(day(2025, 8), day(2025, 9)))
    assert np.mean(july.paces) == pytest.approx(1)


@given(
    st.lists(st.floats(-2, 2), min_size=12, max_size=12),
    st.lists(st.floats(0, 40_000), min_size=3, max_size=3),
)
def test_time_adds_up_and_never_runs_back(logs: list[float], times: list[float]):
    clock, (first, then, last) = SeasonClock.of(np.array(logs)), sorted(times)
    assert clock.elapsed(first, then) >= 0
    whole = clock.elapsed(first, then) + clock.elapsed(then, last)
    assert clock.elapsed(first, last) == pytest.approx(whole, abs=1e-6)


def test_the_months_of_a_span_are_told_by_their_days():
    share = months_share(day(2025, 1, 22), day(2025, 2, 21))
    assert share[:2].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert share.sum() == pytest.approx(1)


def test_moments_are_days_since_1970_however_they_are_told():
    noon = datetime(1970, 1, 3, 12, tzinfo=UTC)
    assert days_of(noon, 2).tolist() == [2.5, 2.5]
    assert (
        days_of([noon], 1).tolist()
        == days_of(np.array(["1970-01-03T12"], "datetime64[us]"), 1).tolist()
        == [2.5]
    )


NOW = datetime(2026, 6, 1, tzinfo=UTC)
ANNA = {
    "booking_days": 4, "days_since_last_booking": 100.0,
    "days_to_rebooking_window": 235.0, "rebooking_window_days": 30.0,
}  # fmt: skip
"""Books every 365 days, give or take 30; last a hundred days ago."""


def test_who_has_a_rhythm_is_expected_by_it():
    window = RebookingCalendar().window(ANNA, NOW)
    assert window == (date(2027, 1, 22), date(2027, 2, 21), date(2027, 3, 23))


def test_who_booked_once_is_expected_as_others_book_and_with_two_bookings_half_by_each():
    calendar = RebookingCalendar(early=100, usual=200, late=300)
    once = calendar.window(ANNA | {"booking_days": 1}, NOW)
    assert once == (date(2026, 6, 1), date(2026, 9, 9), date(2026, 12, 18))
    twice = calendar.window(ANNA | {"booking_days": 2}, NOW)
    assert twice is not None
    assert twice.likely == date(2026, 11, 30)
    assert calendar.window(ANNA | {"days_since_last_booking": None}, NOW) is None


def test_the_window_of_who_stayed_away_is_over():
    gone = ANNA | {"days_since_last_booking": 800.0, "days_to_rebooking_window": -465.0}
    window = RebookingCalendar().window(gone, NOW)
    assert window is not None
    assert window.latest < NOW.date()


def test_how_others_rebook_is_learned_from_those_with_a_rhythm_and_is_a_year_while_they_are_few():
    gaps = np.concatenate([np.arange(1.0, 101.0), [np.nan]])
    learned = RebookingCalendar.learn(gaps)
    assert (learned.early, learned.usual, learned.late) == (25.75, 50.5, 75.25)
    assert RebookingCalendar.learn(gaps[:10]).usual == 365
