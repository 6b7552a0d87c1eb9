"""Fifty operators in four figures: an operator that is clearly worse off is counted, one that may be is not."""

import numpy as np

from benchmarks.recommender_operators import Compared, best_alone, figures

NOISE = np.tile([-0.1, 0.1], 50)


def operator(final: float, als: float, popular: float) -> Compared:
    """A hundred customers; single rungs as given, what went live a little noisy around `final`."""
    alone = {"season_popularity": np.full(100, popular), "als": np.full(100, als)}
    return Compared(100, "als", alone, {"als": final + NOISE})


def values(results: list[Compared]) -> list[float]:
    return [figure.value for figure in figures(results)]


def test_the_best_single_rung_is_best_on_average_not_everywhere():
    assert best_alone([operator(0.5, 0.7, 0.1), operator(0.5, 0.2, 0.3)]) == "als"


def test_better_everywhere():
    found = figures([operator(0.6, 0.5, 0.3), operator(0.8, 0.7, 0.2)])
    assert [round(figure.value, 6) for figure in found] == [0.7, 0.7, 0, 0]
    assert [round(figure.floor or 0.0, 6) for figure in found] == [0.6, 0.25, 0, 0]
    assert all(figure.holds for figure in found)


def test_an_operator_clearly_below_is_counted_and_the_bound_does_not_hold():
    found = figures([operator(0.9, 0.5, 0.3), operator(0.4, 0.6, 0.5)])
    assert [figure.holds for figure in found] == [True, True, False, False]
    assert [figure.value for figure in found[2:]] == [1, 1]


def test_one_that_may_be_below_by_chance_is_not():
    assert values([operator(0.9, 0.5, 0.3), operator(0.499, 0.5, 0.3)])[2:] == [0, 0]
