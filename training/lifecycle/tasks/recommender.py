"""The recommender: what a customer books next; of several rungs the simplest that wins."""

from collections import Counter
from dataclasses import dataclass

import altair
import ibis
import numpy as np
import pandas as pd

from feature_repo.expressions.taste import trips_with_family
from feature_repo.services import RECOMMENDER
from models.card import Task
from models.recommender import Context, History, Recommender
from training import plots
from training.lifecycle.session import Session
from training.lifecycle.trainer import Trained
from training.recommender.spec import RecommenderSpec
from training.recommender.train import train_recommender

ASKED_FOR = 500
"""So many customers are asked for when it is drawn what is suggested."""


@dataclass(frozen=True)
class RecommenderTrainer:
    """Trains every rung of the recommender and chooses the live one."""

    task: Task = "recommender"
    feature_service: str = RECOMMENDER
    spec_type: type[RecommenderSpec] = RecommenderSpec

    def spec(self, horizon_days: int | None) -> RecommenderSpec:
        """Return the recipe of today."""
        return RecommenderSpec(horizon_days=horizon_days) if horizon_days else RecommenderSpec()

    def train(self, session: Session, spec: RecommenderSpec, champion: RecommenderSpec | None) -> Trained:
        """Choose a rung, measure it, and fit all of them on everything known."""
        bench = session.bench
        bench.log_span()
        trained = train_recommender(bench.connection, bench.facts, session.as_of, spec, champion)
        histories = _histories(session)
        return Trained(
            artefact=trained.recommender,
            report=trained.report,
            params=trained.params,
            charts=trained.charts | {"coverage.png": _coverage(trained.recommender, histories)},
            example=_example(histories),
            notes={"live_rung": trained.recommender.live, "why": trained.why},
        )


def _histories(session: Session) -> list[History]:
    """Return what the first customers booked, in the order of their pseudonyms: a random sample."""
    bench = session.bench
    some = bench.customers_at([session.as_of]).order_by("customer_id").limit(ASKED_FOR)
    rows = trips_with_family(bench.facts, ibis.memtable(bench.connection.to_pyarrow(some)))
    times = rows.group_by("customer_id", "family_id").agg(times=rows.booking_id.nunique())
    frame = bench.frame(times.order_by("customer_id", "family_id"))
    return [
        History(tuple(booked["family_id"]), tuple(booked["times"].tolist()))
        for _, booked in frame.groupby("customer_id")
    ]


def _coverage(recommender: Recommender, histories: list[History]) -> altair.Chart:
    context = Context(month=None)
    first = Counter(
        recommender.families[int(np.argmax(recommender.scores(history, context)))] for history in histories
    )
    booked = {family: recommender.counts.customers_of(family) for family in recommender.families}
    return plots.coverage_plot(first, booked)


def _example(histories: list[History]) -> pd.DataFrame:
    shown = histories[:2]
    return pd.DataFrame(
        {
            "family_ids": [list(history.families) for history in shown],
            "family_counts": [list(history.counts) for history in shown],
        }
    )
