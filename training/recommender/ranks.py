"""Metrics of many rankings at once, from the places of what was booked: nothing is sorted."""

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from training.metrics import Floats
from training.recommender.metrics import PerCustomer


def ranks_of(scores: Floats, relevant: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Return row and place (0: first) of each relevant entry; of equal scores the lower column comes first.

    scores: (n, items), higher is better. relevant: (n, items), not zero where booked.
    """
    rows = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr))
    columns = relevant.indices
    places = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), 2_000):
        part = slice(start, start + 2_000)
        own = scores[rows[part], columns[part]][:, None]
        others = scores[rows[part]]
        before = np.arange(scores.shape[1])[None, :] < columns[part][:, None]
        places[part] = ((others > own) | ((others == own) & before)).sum(axis=1)
    return rows, places


def metrics_of(
    scores: Floats, relevant: sparse.csr_array, wanted: np.ndarray, ks: Iterable[int]
) -> PerCustomer:
    """Return recall@k, ndcg@k and hit_rate@k of each customer, as `metrics.ranking_metrics` defines them."""
    rows, places = ranks_of(scores, relevant)
    gains = 1.0 / np.log2(places + 2.0)
    metrics = {}
    for k in ks:
        first = places < k
        found = np.bincount(rows[first], minlength=len(wanted))
        gained = np.bincount(rows[first], gains[first], minlength=len(wanted))
        ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))[np.minimum(wanted, k) - 1]
        metrics[f"recall@{k}"] = found / wanted
        metrics[f"ndcg@{k}"] = gained / ideal
        metrics[f"hit_rate@{k}"] = (found > 0).astype(np.float64)
    return metrics
