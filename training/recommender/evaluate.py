"""Bring your own data: every rung on somebody's interactions, and the one that would go live."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from activity_log.errors import WrongUseError
from models.recommender import (
    RUNGS,
    AlsoBooked,
    AlsoBookedSettings,
    ALSSettings,
    GraphFilter,
    GraphFilterSettings,
    ImplicitALS,
    Rung,
    SeasonPopularity,
    SeasonSettings,
)
from models.recommender.contract import ANY_MONTH, Settings
from training.metrics import Floats
from training.recommender.brought import Brought, read_brought
from training.recommender.choice import climb, settle
from training.recommender.holdout import Task, hold_out, task_of
from training.recommender.metrics import PerCustomer, best, ranking_metrics

Progress = Callable[[str], object]

CUSTOMERS_AT_ONCE = 500
MOST_JUDGED, LEAST_JUDGED = 20_000, 100
"""How many held-out customers choose; with fewer than the least, popularity is the champion."""
TIE_BREAK = 1e-9
SEED = 7

POPULARITY = "global_popularity"
EVER = SeasonSettings(half_life_days=1e9)

TRIED: Mapping[str, tuple[Settings, ...]] = {
    SeasonPopularity.name: (SeasonSettings(),),
    AlsoBooked.name: (AlsoBookedSettings(shrinkage=1.0), AlsoBookedSettings(shrinkage=10.0)),
    ImplicitALS.name: (
        ALSSettings(factors=64, regularisation=100.0, alpha=40.0, iterations=15),
        ALSSettings(factors=64, regularisation=10.0, alpha=10.0, iterations=15),
    ),
    GraphFilter.name: (
        *(
            GraphFilterSettings(factors=256, weight=weight, pairs=AlsoBookedSettings(shrinkage=shrinkage))
            for shrinkage in (1.0, 10.0)
            for weight in (0.3, 0.1)
        ),
        GraphFilterSettings(factors=32, weight=0.1, pairs=AlsoBookedSettings(shrinkage=10.0)),
    ),
}
"""What is tried of each rung."""


def evaluate_recommender(
    train: Path, test: Path, ks: Sequence[int] = (20,), progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Return `{"models": {name: {"recall@k", "ndcg@k", "fit_seconds"}}, "champion": name}`.

    train, test: Parquet or CSV with customer_id, item_id and optionally timestamp. Ranked are all items of `train`
    that are not in the customer's training rows; test rows that repeat one of those are left out. Settings and
    champion are chosen by holding out a part of `train` (the latest of each customer where there are timestamps,
    else a random part); `test` serves the final figures only. Raises WrongUseError for unusable files or ks.
    """
    if not ks or min(ks) < 1:
        raise WrongUseError(f"k is {list(ks)}: give whole numbers from 1 on, such as --k 20")
    past, future = read_brought(train), read_brought(test)
    task = task_of(past, future)
    if task is None or not task.histories.nnz:
        raise WrongUseError(
            f"{test}: no row is a new item of a customer of {train}; check that the ids match"
        )
    settings, champion = _choose(past, ks[0], progress)
    models: dict[str, dict[str, float]] = {}
    for name, rung, chosen in _all(settings):
        progress(f"fitting {name} on {len(task.bookings):,} rows")
        start = perf_counter()
        fitted = rung.fit(task.bookings, chosen)
        seconds = perf_counter() - start
        progress(f"ranking {len(fitted.families):,} items for {len(task.wanted):,} customers by {name}")
        models[name] = _means(judge(fitted, task, ks), ks) | {"fit_seconds": round(seconds, 3)}
    return {"models": models, "champion": champion}


def judge(rung: Rung, task: Task, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each customer over all items not in the history. Equal scores: the popular first."""
    popular = np.bincount(task.bookings.family, minlength=len(rung.families)) / len(task.bookings)
    parts = []
    for start in range(0, len(task.wanted), CUSTOMERS_AT_ONCE):
        rows = slice(start, start + CUSTOMERS_AT_ONCE)
        histories = task.histories[rows]
        scores = rung.score_many(histories, np.full(histories.shape[0], ANY_MONTH)) + TIE_BREAK * popular
        scores[histories.nonzero()] = -np.inf
        parts.append(ranking_metrics(best(scores, max(ks)), task.found[rows], task.wanted[rows], ks))
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in parts[0]}


def _choose(past: Brought, k: int, progress: Progress) -> tuple[dict[str, Settings], str]:
    """Return the best settings of each rung, and the champion, by the part of `past` that is held out."""
    task = task_of(*hold_out(past, SEED))
    if task is None or len(task.wanted) < LEAST_JUDGED:
        progress("too few customers with two items to compare rungs: popularity is the champion")
        return {name: tried[0] for name, tried in TRIED.items()}, SeasonPopularity.name
    task = task.sample(MOST_JUDGED, SEED)
    metric = f"ndcg@{k}"
    chosen: dict[str, Settings] = {}
    values: dict[str, Floats] = {}
    for rung in RUNGS:
        judged = []
        for settings in TRIED[rung.name]:
            judged.append(judge(rung.fit(task.bookings, settings), task, (k,))[metric])
            progress(f"choosing: {rung.name} {metric} {judged[-1].mean():.4f} with {settings}")
        best_place, values[rung.name] = settle(np.stack(judged))
        chosen[rung.name] = TRIED[rung.name][best_place]
    champion, why = climb(values, metric, SEED)
    progress(f"champion: {why}")
    return chosen, champion


def _all(settings: Mapping[str, Settings]) -> list[tuple[str, type[Rung], Settings]]:
    """Return the baseline, and every rung with its settings."""
    return [(POPULARITY, SeasonPopularity, EVER), *((rung.name, rung, settings[rung.name]) for rung in RUNGS)]


def _means(metrics: PerCustomer, ks: Sequence[int]) -> dict[str, float]:
    names = [f"{metric}@{k}" for k in ks for metric in ("recall", "ndcg")]
    return {name: float(metrics[name].mean()) for name in names}
