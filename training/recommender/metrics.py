"""How good rankings are, customer by customer, and how sure we may be of a difference."""

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from training.metrics import Floats, Interval

RESAMPLES = 1_000
METRICS = ("recall", "ndcg", "hit_rate")

PerCustomer = dict[str, Floats]
"""Metric name to (customers,)."""


def best(scores: Floats, k: int) -> np.ndarray:
    """Return the columns of the k highest scores of each row, best first: (n, k). Ties go to the lower column.

    >>> best(np.array([[0.1, 0.7, 0.7, 0.2]]), 2)
    array([[1, 2]])
    """
    k = min(k, scores.shape[1])
    kth = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
    order = np.empty((len(scores), k), dtype=np.int64)
    for row, (values, least) in enumerate(zip(scores, kth, strict=True)):
        candidates = np.flatnonzero(values >= least)
        order[row] = candidates[np.argsort(-values[candidates], kind="stable")[:k]]
    return order


def ranking_metrics(
    order: np.ndarray, relevant: sparse.csr_array, wanted: np.ndarray, ks: Iterable[int]
) -> PerCustomer:
    """Return recall@k, ndcg@k and hit_rate@k of each customer.

    order: (n, K), columns best first. relevant: (n, families), not zero where booked. wanted: (n,), how many
    families were booked, also such as could not be ranked. recall@k: the share of them among the first k.
    ndcg@k: binary gain, ideal over min(k, wanted) (Järvelin and Kekäläinen, TOIS 2002).
    """
    hits = np.stack([_hits(order[row], relevant, row) for row in range(len(order))]).astype(np.float64)
    discounts = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    metrics = {}
    for k in ks:
        found = hits[:, :k].sum(axis=1)
        ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))[np.minimum(wanted, k) - 1]
        metrics[f"recall@{k}"] = found / wanted
        metrics[f"ndcg@{k}"] = hits[:, :k] @ discounts[:k] / ideal
        metrics[f"hit_rate@{k}"] = (found > 0).astype(np.float64)
    return metrics


def mean_interval(values: Floats, seed: int) -> Interval:
    """95 % interval of the mean over customers: percentile bootstrap (Efron and Tibshirani, 1993, chapter 13).

    For a paired comparison give the customers' differences.
    """
    generator = np.random.default_rng(seed)
    n = len(values)
    means = [values[generator.integers(0, n, n)].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(low), float(high))


def _hits(ranked: np.ndarray, relevant: sparse.csr_array, row: int) -> np.ndarray:
    booked = relevant.indices[relevant.indptr[row] : relevant.indptr[row + 1]]
    return np.isin(ranked, booked)
