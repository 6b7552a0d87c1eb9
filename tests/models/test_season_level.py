"""Two summers busier than expected, and winters as expected: what that says of a day of the year."""

from datetime import UTC, datetime

import numpy as np
import pytest

from models.season_level import NO_SEASON, SeasonLevel

JULY, JANUARY = datetime(2025, 7, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
PAST = [datetime(2024, 7, 1, tzinfo=UTC), JANUARY, JULY]


@pytest.fixture
def level() -> SeasonLevel:
    return SeasonLevel.fit(PAST, np.array([400.0, 100.0, 400.0]), np.array([200.0, 100.0, 200.0]))


def test_the_next_july_is_busier_too_and_january_is_not(level):
    july, january = level.at([datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
    assert 1.6 < july < 2.0  # drawn a little towards what was expected
    assert january == pytest.approx(1.0, abs=0.01)


def test_the_year_is_round(level):
    assert level.at([datetime(2026, 12, 31, tzinfo=UTC)]) == pytest.approx(level.at([JANUARY]), abs=0.01)


def test_a_season_nobody_saw_is_as_expected(level):
    assert level.at([datetime(2026, 10, 1, tzinfo=UTC)]) == pytest.approx([1.0], abs=0.03)
    assert NO_SEASON.at([JULY, JANUARY]).tolist() == [1.0, 1.0]


def test_the_last_year_counts_more_than_the_one_before():
    quieter = SeasonLevel.fit([PAST[0], JULY], np.array([400.0, 100.0]), np.array([200.0, 200.0]))
    assert quieter.at([datetime(2026, 7, 1, tzinfo=UTC)])[0] < 1


def test_numpys_moments_are_the_same_moments(level):
    moments = [JANUARY, JULY, datetime(2024, 12, 31, 23, 59, tzinfo=UTC)]
    bare = np.array([moment.replace(tzinfo=None) for moment in moments], "datetime64[us]")
    assert level.at(bare).tolist() == level.at(moments).tolist()
