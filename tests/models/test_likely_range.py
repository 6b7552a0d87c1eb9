"""Four of five fall into the range, among the small forecasts and among the great."""

import numpy as np
import pytest

from models.likely_range import LikelyRange


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts from 0.1 to 10, and what happens: spread widely around the small, narrowly around the great."""
    generator = np.random.default_rng(seed)
    forecast = generator.uniform(0.1, 10, 4_000)
    return forecast, forecast * generator.gamma(forecast, 1 / forecast)


def test_four_of_five_new_ones_fall_into_the_range_whatever_their_size():
    learned = LikelyRange.fit(*drawn(1))
    forecast, happened = drawn(2)
    low, high = learned.around(forecast)
    within = (low <= happened) & (happened <= high)
    for some in (forecast < 2, (forecast >= 2) & (forecast < 6), forecast >= 6):
        assert within[some].mean() == pytest.approx(0.8, abs=0.05)


def test_the_forecast_is_always_in_its_own_range():
    learned = LikelyRange.fit(np.full(100, 1.0), np.full(100, 3.0))
    low, high = learned.around(np.array([0.5, 1.0, 9.0]))
    assert (low <= [0.5, 1.0, 9.0]).all()
    assert (high >= [0.5, 1.0, 9.0]).all()


def test_one_customer_is_enough():
    low, high = LikelyRange.fit(np.array([2.0]), np.array([1.0])).around(np.array([4.0]))
    assert (low[0], high[0]) == (2.0, 4.0)


def test_where_half_bring_nothing_four_of_five_fall_into_the_range_all_the_same():
    forecast, happened = drawn(1)
    learned = LikelyRange.fit(forecast, happened * (np.arange(4_000) % 2))
    forecast, happened = drawn(2)
    happened = happened * (np.arange(4_000) % 2)
    low, high = learned.around(forecast)
    assert (low == 0).all()
    assert ((low <= happened) & (happened <= high)).mean() == pytest.approx(0.8, abs=0.03)
