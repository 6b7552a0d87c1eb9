"""Bring your own data: every rung on somebody's interactions, and the one that would go live."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Self

from activity_log.errors import WrongUseError
from models.recommender import Bookings, Rung, SeasonPopularity, SeasonSettings
from models.recommender.mixture import Mixture, learn_weights
from models.recommender.ranker import Ranker, RankerSettings
from models.recommender.stack import Examples, Lesson, Stack
from training.recommender.brought import read_brought
from training.recommender.choice import climb
from training.recommender.holdout import Task, task_of
from training.recommender.judging import judge
from training.recommender.metrics import PerCustomer
from training.recommender.tuning import LARGE, Tuning

Progress = Callable[[str], object]

MOST_TUNED, MOST_JUDGED, LEAST_JUDGED = 2_000, 8_000, 100
"""How many held-out customers tune and how many others choose; with fewer, popularity is the champion."""
SEED = 7

POPULARITY = "global_popularity"
EVER = SeasonSettings(half_life_days=1e9)


def evaluate_recommender(
    train: Path, test: Path, ks: Sequence[int] = (20,), progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Return `{"models": {name: {"recall@k", "ndcg@k", "fit_seconds"}}, "champion": name}`.

    train, test: Parquet or CSV with customer_id, item_id and optionally timestamp. Ranked are all items of `train`
    that are not in the customer's training rows; test rows that repeat one of those are left out. Settings, weights
    and champion are chosen by holding out a part of `train` (the latest of each customer where there are timestamps,
    else a random part); `test` serves the final figures only. fit_seconds: of the rung with its settings, and for
    blend and ranker of all rungs below, twice, and of learning. Raises WrongUseError for unusable files or ks.
    """
    if not ks or min(ks) < 1:
        raise WrongUseError(f"k is {list(ks)}: give whole numbers from 1 on, such as --k 20")
    past, future = read_brought(train), read_brought(test)
    task = task_of(past, future)
    if task is None or not task.histories.nnz:
        raise WrongUseError(
            f"{test}: no row is a new item of a customer of {train}; check that the ids match"
        )
    rungs, champion = _chosen(task.bookings, ks[0], progress)
    models = {}
    for name, (rung, seconds) in rungs.items():
        progress(f"ranking {len(rung.families):,} items for {len(task.wanted):,} customers by {name}")
        models[name] = _means(judge(rung, task, ks), ks) | {"fit_seconds": round(seconds, 3)}
    return {"models": models, "champion": champion}


@dataclass(frozen=True)
class _Timed:
    """Rungs fitted on the same bookings, and the seconds that each took."""

    stack: Stack
    seconds: Mapping[str, float]

    @classmethod
    def fit(cls, bookings: Bookings, settings: RankerSettings, progress: Progress) -> Self:
        rungs, seconds = [], {}
        for kind, one in zip(Stack.KINDS, settings.of_rungs, strict=True):
            progress(f"fitting {kind.name} on {len(bookings):,} rows")
            start = perf_counter()
            rungs.append(kind.fit(bookings, one))
            seconds[kind.name] = perf_counter() - start
        return cls(Stack.of(rungs, bookings), seconds)

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def rungs(self) -> dict[str, tuple[Rung, float]]:
        return {rung.name: (rung, self.seconds[rung.name]) for rung in self.stack.rungs}

    def learn(
        self, before: "_Timed", lesson: Lesson, settings: RankerSettings
    ) -> dict[str, tuple[Rung, float]]:
        """Return all rungs, with the blend and the ranker that `lesson` teaches. before: fitted on its past."""
        start = perf_counter()
        examples = Examples.of(before.stack, lesson, settings)
        mixture = Mixture(lesson.past.families, self.stack, learn_weights(examples, settings.k))
        learned = self.total + before.total + perf_counter() - start
        ranker = Ranker.learn(examples, lesson.customers, mixture, settings)
        seconds = self.total + before.total + perf_counter() - start
        return self.rungs | {Mixture.name: (mixture, learned), Ranker.name: (ranker, seconds)}


def _chosen(bookings: Bookings, k: int, progress: Progress) -> tuple[dict[str, tuple[Rung, float]], str]:
    """Return the baseline and every rung, fitted, and the champion: tuned on some customers, chosen by others."""
    lesson = Lesson.of(bookings, SEED)
    settings, champion = _settings(bookings, k), SeasonPopularity.name
    if len(lesson) < LEAST_JUDGED:
        progress("too few customers with two items to compare rungs: popularity is the champion")
        before = _Timed.fit(lesson.past, settings, progress)
    else:
        tuned, judged = Task.of(lesson).halves(MOST_JUDGED, SEED)
        settings = _tuned(tuned.sample(MOST_TUNED, SEED), settings, progress)
        before = _Timed.fit(lesson.past, settings, progress)
        champion = _climbed(lesson, before, judged, settings, progress)
    start = perf_counter()
    ever = SeasonPopularity.fit(bookings, EVER)
    baseline = {POPULARITY: (ever, perf_counter() - start)}
    return baseline | _Timed.fit(bookings, settings, progress).learn(before, lesson, settings), champion


def _settings(bookings: Bookings, k: int) -> RankerSettings:
    """Return what is not tuned: how much blend and ranker learn from, by the size of the data."""
    if len(bookings) < LARGE:
        return RankerSettings(k=k, candidates=60, least_rows=100, learning_rate=0.05, trees=100, seed=SEED)
    sizes = {"candidates": 60, "customers": 10_000, "trees": 150, "leaves": 16, "least_rows": 500}
    return RankerSettings(k=k, learning_rate=0.05, threads=2, seed=SEED, **sizes)


def _tuned(task: Task, settings: RankerSettings, progress: Progress) -> RankerSettings:
    tuning = Tuning(task, settings.k, SEED, progress)
    pairs = tuning.also_booked()
    found = {
        "also_booked": pairs,
        "ease": tuning.ease(),
        "graph_filter": tuning.graph_filter(pairs),
        "als": tuning.als(),
    }
    return settings.model_copy(update=found)


def _climbed(
    lesson: Lesson, before: _Timed, judged: Task, settings: RankerSettings, progress: Progress
) -> str:
    """Return the simplest rung that none above beats beyond doubt. Blend and ranker learn within `lesson.past`."""
    within = Lesson.of(lesson.past, SEED)
    rungs = before.learn(_Timed.fit(within.past, settings, progress), within, settings)
    metric = f"ndcg@{settings.k}"
    values = {}
    for name, (rung, _) in rungs.items():
        values[name] = judge(rung, judged, (settings.k,))[metric]
        progress(f"choosing: {name} {metric} {values[name].mean():.4f} on {len(values[name]):,} customers")
    champion, why = climb(values, metric, SEED)
    progress(f"champion: {why}")
    return champion


def _means(metrics: PerCustomer, ks: Sequence[int]) -> dict[str, float]:
    names = [f"{metric}@{k}" for k in ks for metric in ("recall", "ndcg")]
    return {name: float(metrics[name].mean()) for name in names}
