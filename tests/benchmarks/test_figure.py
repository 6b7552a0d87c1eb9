"""What a figure says of itself: its ratio, and whether its bound is kept."""

import pytest

from benchmarks.figure import Bound, Figure


@pytest.mark.parametrize(
    ("value", "bound", "direction", "holds"),
    [
        (40.0, 0.4, Bound.AT_LEAST, True),
        (39.0, 0.4, Bound.AT_LEAST, False),
        (120.0, 1.2, Bound.AT_MOST, True),
        (121.0, 1.2, Bound.AT_MOST, False),
    ],
)
def test_a_bound_is_of_the_ratio_to_the_floor(value, bound, direction, holds):
    figure = Figure("a rate", "events/s", value, 100.0, "bare inserts", bound, direction)
    assert figure.ratio == value / 100.0
    assert figure.holds is holds


def test_without_a_floor_the_bound_is_of_the_value_itself():
    assert Figure("memory", "MB", 499.0, bound=500, direction=Bound.AT_MOST).holds is True
    assert Figure("memory", "MB", 501.0, bound=500, direction=Bound.AT_MOST).holds is False


def test_without_a_bound_nothing_is_held():
    figure = Figure("a rate", "events/s", 1.0, 2.0)
    assert figure.holds is None
    assert figure.row() == {
        "name": "a rate", "unit": "events/s", "value": 1.0, "floor": 2.0, "floor_is": "", "ratio": 0.5,
        "bound": None, "direction": "at least", "holds": None, "store": "", "cpu_ratio": None,
    }  # fmt: skip
