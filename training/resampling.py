"""How sure we may be of a figure: the paired bootstrap over customers."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from training.metrics import RESAMPLES, Floats, Interval

Statistic = Callable[[Floats], float]
"""A figure of weighted rows: takes (rows,) weights."""


def interval(
    statistic: Statistic, customers: npt.ArrayLike, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """95 % percentile interval of a figure whose rows are drawn customer by customer.

    customers: (rows,), whose row it is: a customer judged at twelve moments is one draw, not twelve (cluster
    bootstrap: Davison and Hinkley, Bootstrap Methods, 1997, section 3.8). For a gain, let `statistic` return the
    difference. Samples in which the figure is undefined (nan) do not count; (nan, nan) if it always is.
    """
    return intervals({"": statistic}, customers, seed, resamples)[""]


def intervals(
    statistics: Mapping[str, Statistic], customers: npt.ArrayLike, seed: int, resamples: int = RESAMPLES
) -> dict[str, Interval]:
    """Return the interval of each figure, all from the same draws."""
    drawn = [
        [statistic(weights) for statistic in statistics.values()]
        for weights in _draws(customers, seed, resamples)
    ]
    return {name: _percentiles(values) for name, values in zip(statistics, np.array(drawn).T, strict=True)}


def _percentiles(values: Floats) -> Interval:
    defined = values[~np.isnan(values)]
    if not len(defined):
        return Interval(np.nan, np.nan)
    low, high = np.percentile(defined, [2.5, 97.5])
    return Interval(float(low), float(high))


def mean_of(values: Floats) -> Statistic:
    """Return the weighted mean of (rows,) values as a statistic."""
    return lambda weights: float(weights @ values / weights.sum()) if weights.any() else float("nan")


def auc_of(labels: npt.ArrayLike, scores: Floats) -> Statistic:
    """Return the area under the ROC curve as a statistic; sorted once, so that a resample costs one pass.

    Ties count half (Mann and Whitney 1947). nan where one outcome is missing.
    """
    ranks = np.unique(scores, return_inverse=True)[1]
    left = np.asarray(labels).astype(np.float64)
    size = int(ranks.max(initial=0)) + 1

    def area(weights: Floats) -> float:
        gone = np.bincount(ranks, weights * left, size)
        stayed = np.bincount(ranks, weights * (1.0 - left), size)
        pairs = gone.sum() * stayed.sum()
        below = np.cumsum(stayed) - stayed / 2
        return float(gone @ below / pairs) if pairs else float("nan")

    return area


def average_precision_of(labels: npt.ArrayLike, scores: Floats) -> Statistic:
    """Return the average precision as a statistic: precision at each threshold, weighted by the recall it adds.

    nan where nothing is to be found.
    """
    thresholds, ranks = np.unique(-scores, return_inverse=True)
    wanted, size = np.asarray(labels).astype(np.float64), len(thresholds)

    def precision(weights: Floats) -> float:
        found = np.bincount(ranks, weights * wanted, size)
        named = np.cumsum(np.bincount(ranks, weights, size))
        shares = np.cumsum(found) / np.maximum(named, 1.0)
        return float(found @ shares / found.sum()) if found.any() else float("nan")

    return precision


def _draws(customers: npt.ArrayLike, seed: int, resamples: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    _, row = np.unique(np.asarray(customers), return_inverse=True)
    n = int(row.max(initial=-1)) + 1
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(0, n, n), minlength=n)
        yield drawn[row].astype(np.float64)
