"""How well a rung finds what is to be found: a full ranking of everything not in the history."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from models.recommender.contexts import Contexts
from models.recommender.contract import Rung
from training.metrics import Floats
from training.recommender.holdout import Task
from training.recommender.metrics import PerCustomer, best, ranking_metrics

CUSTOMERS_AT_ONCE = 500
THREADS = 2
TIE_BREAK = 1e-9


def judge(rung: Rung, task: Task, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each customer over all items not in the history. Equal scores: the popular first."""
    popular = TIE_BREAK * np.bincount(task.bookings.family, minlength=len(rung.families)) / len(task.bookings)
    starts = range(0, len(task.wanted), CUSTOMERS_AT_ONCE)
    blocks = [slice(start, start + CUSTOMERS_AT_ONCE) for start in starts]
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(partial(_judged, rung, task, popular, ks), blocks))
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in parts[0]}


def _judged(rung: Rung, task: Task, popular: Floats, ks: Sequence[int], rows: slice) -> PerCustomer:
    histories = task.histories[rows]
    scores = rung.score_many(histories, Contexts.nothing(histories.shape[0])) + popular
    scores[histories.nonzero()] = -np.inf
    return ranking_metrics(best(scores, max(ks)), task.found[rows], task.wanted[rows], ks)
