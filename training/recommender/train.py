"""Training the recommender: the rung is chosen in the past, measured in the test window, refitted on everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from ibis.backends.duckdb import Backend

from activity_log.errors import NotEnoughDataError
from feature_repo.expressions.clocks import Facts
from models.recommender import (
    BookingCounts,
    Bookings,
    Recommender,
    RepeatOrNew,
)
from training.metrics import Interval
from training.recommender.backtest import Window, judge, judge_rung, open_window
from training.recommender.choice import Choice, choose
from training.recommender.interactions import as_bookings, interactions
from training.recommender.metrics import PerCustomer, mean_interval
from training.recommender.spec import RecommenderSpec

__all__ = ["Figure", "RecommenderSpec", "TrainedRecommender", "train_recommender"]

GLOBAL, SEASON, BARE = "global_popularity", "season_popularity_alone", "live_rung_alone"
"""Shown beside the rungs: bare scores of popularity over all months, by month, and of the live rung."""


class Figure(NamedTuple):
    """One metric of one model on the test window, with the 95 % interval over customers."""

    model: str
    metric: str
    value: float
    interval: Interval


@dataclass(frozen=True)
class TrainedRecommender:
    """The artefact, refitted on everything known, and what its like achieved on the test window.

    figures: empty where nobody who had booked booked again in the test window. judged: customers in it.
    """

    recommender: Recommender
    choice: Choice
    figures: tuple[Figure, ...]
    judged: int

    @property
    def why(self) -> str:
        """Why the live rung is live, in a sentence."""
        return self.choice.why

    @property
    def metrics(self) -> dict[str, float]:
        """The figures under names that MLflow takes, as "als_recall_at_3", "..._low" and "..._high"."""
        named = {f"{f.model}_{f.metric.replace('@', '_at_')}": f for f in self.figures}
        flat = {name: figure.value for name, figure in named.items()}
        flat |= {f"{name}_low": figure.interval.low for name, figure in named.items()}
        flat |= {f"{name}_high": figure.interval.high for name, figure in named.items()}
        return flat | {"test_customers": float(self.judged)} if flat else {}

    @property
    def params(self) -> dict[str, Any]:
        """What was chosen: the live rung, its season weight, repeat-or-new, and each rung's settings."""
        chosen = {
            f"{name}_{key}": value
            for name, candidate in self.choice.candidates.items()
            for key, value in candidate.settings.model_dump().items()
        }
        repeat = self.recommender.repeat
        return chosen | {
            "live": self.choice.live,
            "season_weight": self.choice.season_weight,
            "repeat_novelty": repeat.novelty,
            "repeat_discount": repeat.discount,
        }


def train_recommender(
    connection: Backend, facts: Facts, as_of: datetime, spec: RecommenderSpec
) -> TrainedRecommender:
    """Choose, measure and fit. Raises NotEnoughDataError only if no booking at all was known at `as_of`.

    The test window is the last horizon before `as_of`. Rung and settings are chosen on the windows before it, with
    what was known when the test window began; the artefact learns from everything.
    """
    known = interactions(connection, facts, as_of)
    if len(known) == 0:
        raise NotEnoughDataError(
            f"recommender: no booking was known at {as_of:%Y-%m-%d}; ingest events first"
        )
    cutoff = as_of - spec.horizon
    choice = choose(_validation(connection, facts, cutoff, spec), spec)
    test = open_window(connection, facts, cutoff, as_of, spec)
    figures = _measure(test, choice, spec) if test else ()
    recommender = fit_recommender(as_bookings(known, as_of), choice, as_of)
    return TrainedRecommender(recommender, choice, figures, len(test.judged) if test else 0)


def fit_recommender(bookings: Bookings, choice: Choice, as_of: datetime) -> Recommender:
    """Fit all rungs, each with its chosen settings."""
    chosen = choice.candidates
    return Recommender(
        families=bookings.families,
        rungs={name: c.rung.fit(bookings, c.settings) for name, c in chosen.items()},
        live=choice.live,
        why=choice.why,
        repeat=RepeatOrNew.fit(bookings.counts()),
        season_weight=choice.season_weight,
        counts=BookingCounts.of(bookings),
        trained_as_of=as_of,
        n_customers=bookings.n_customers,
    )


def _validation(connection: Backend, facts: Facts, cutoff: datetime, spec: RecommenderSpec) -> list[Window]:
    moments = [cutoff - spec.horizon * back for back in range(1, spec.validation_windows + 1)]
    windows = [open_window(connection, facts, moment, cutoff, spec) for moment in moments]
    return [window for window in windows if window is not None]


def _measure(test: Window, choice: Choice, spec: RecommenderSpec) -> tuple[Figure, ...]:
    return tuple(
        Figure(model, metric, float(values.mean()), mean_interval(values, spec.seed))
        for model, metrics in _judged(test, choice, spec).items()
        for metric, values in metrics.items()
    )


def _judged(test: Window, choice: Choice, spec: RecommenderSpec) -> Mapping[str, PerCustomer]:
    chosen = choice.candidates
    rungs = {
        name: candidate.rung.fit(test.bookings, candidate.settings) for name, candidate in chosen.items()
    }
    anytime = np.zeros_like(test.months)
    return {
        GLOBAL: judge_rung(test, test.season, anytime, spec.ks),
        SEASON: judge_rung(test, test.season, test.months, spec.ks),
        BARE: judge_rung(test, rungs[choice.live], test.months, spec.ks),
    } | {
        name: judge(test, test.blend(rung, chosen[name].season_weight), spec.ks)
        for name, rung in rungs.items()
    }
