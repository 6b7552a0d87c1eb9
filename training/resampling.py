"""How sure we may be of a figure: the paired bootstrap over customers."""

from collections.abc import Callable, Iterator

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
    values = np.array([statistic(weights) for weights in _draws(customers, seed, resamples)])
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(np.nan, np.nan)
    low, high = np.percentile(values, [2.5, 97.5])
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


def _draws(customers: npt.ArrayLike, seed: int, resamples: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    _, row = np.unique(np.asarray(customers), return_inverse=True)
    n = int(row.max(initial=-1)) + 1
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(0, n, n), minlength=n)
        yield drawn[row].astype(np.float64)
