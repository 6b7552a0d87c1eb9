"""Monitoring an operator's live models: every kept prediction, judged once its outcome is known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from activity_log.facts.tables import MOMENT
from models.card import Task
from models.predictions import PREDICTED, PredictionStore, Scoring
from training.labels import no_booking_within
from training.metrics import Floats
from training.monitoring.decay import Alarm, Promise, alarms
from training.monitoring.drifting import Drifted, Key, drift_of, reference_for
from training.monitoring.judging import AS_OF, VERSION, figures_of
from training.monitoring.shown import shown_figures
from training.off_policy.attribution import outcomes, suggestions_of
from training.report import Figure
from training.scores import store_of
from training.value_labels import value_within
from training.workbench import Workbench

MATURITY = timedelta(days=7)
"""How long after the horizon an outcome is believed: late events come in meanwhile."""

State = Literal["judged", "pending", "hindsight"]
SCORE: Mapping[Task, str] = {"churn": "churn_probability", "value": "expected_bookings"}

_ASKED = pa.schema({"operator_id": pa.string(), "customer_id": pa.string(), "as_of": MOMENT})


@dataclass(frozen=True)
class Kept:
    """A scoring in the store. due: when its outcome is believed. hindsight: its model had seen what came after."""

    scoring: Scoring
    customers: int
    due: datetime
    state: State


@dataclass(frozen=True)
class TaskReport:
    """What is known of one task's predictions.

    figures: by version and month, of judged scorings. promises: what was measured at the training, by version and
    metric. rows: what the figures were made of, for drawing. scores: of each scoring, for drawing.
    """

    task: Task
    kept: Sequence[Kept]
    figures: Sequence[Figure]
    promises: Mapping[str, Mapping[str, Promise]]
    alarms: Sequence[Alarm]
    drifts: Sequence[Drifted]
    rows: pd.DataFrame = field(repr=False)
    scores: Mapping[Key, Floats] = field(repr=False)

    def count(self, state: State) -> int:
        """Return how many scorings are in a state."""
        return sum(one.state == state for one in self.kept)


@dataclass(frozen=True)
class Monitoring:
    """The report on one operator. until: what was known (exclusive). suggestions: by recommender and month."""

    operator_id: str
    until: datetime
    tasks: Sequence[TaskReport]
    suggestions: Sequence[Figure]

    @property
    def alarms(self) -> list[tuple[Task, Alarm]]:
        """All alarms, by task."""
        return [(report.task, alarm) for report in self.tasks for alarm in report.alarms]

    @property
    def drifted(self) -> list[tuple[Task, Drifted]]:
        """The scorings that lie elsewhere than before."""
        return [(report.task, one) for report in self.tasks for one in report.drifts if one.drifted]


def monitor(bench: Workbench, until: datetime, maturity: timedelta = MATURITY) -> Monitoring:
    """Judge what the models predicted by what was known at `until`; what cannot be known yet stays pending."""
    store = store_of(bench)
    tasks = [_monitor(bench, store, task, until, maturity) for task in PREDICTED]
    bench.say("following what was shown to clicks and bookings")
    shown = bench.frame(outcomes(suggestions_of(bench.connection, bench.files), bench.facts, until))
    return Monitoring(bench.operator.operator_id, until, tasks, shown_figures(shown))


def _monitor(
    bench: Workbench, store: PredictionStore, task: Task, until: datetime, maturity: timedelta
) -> TaskReport:
    scorings = store.scorings(task)
    tables = {(one.version, one.as_of): store.read(one).to_pandas() for one in scorings}
    kept = [_kept(one, len(tables[one.version, one.as_of]), until, maturity) for one in scorings]
    judged = [one.scoring for one in kept if one.state == "judged"]
    if judged:
        bench.say(f"holding {len(judged)} scorings of {task} against what happened")
    rows = _with_outcomes(bench, task, judged, tables, until)
    figures = figures_of(task, rows) if len(rows) else []
    promises = {version: promises_of(bench, task, version) for version in {one.version for one in judged}}
    scores = {key: table[SCORE[task]].to_numpy(np.float64) for key, table in tables.items()}
    return TaskReport(task, kept, figures, promises, alarms(figures, promises), _drifts(scores), rows, scores)


def _kept(scoring: Scoring, customers: int, until: datetime, maturity: timedelta) -> Kept:
    due = scoring.as_of + timedelta(days=scoring.horizon_days) + maturity
    state: State = "hindsight" if scoring.in_hindsight else "judged" if due <= until else "pending"
    return Kept(scoring, customers, due, state)


def _with_outcomes(
    bench: Workbench,
    task: Task,
    judged: Sequence[Scoring],
    tables: Mapping[Key, pd.DataFrame],
    until: datetime,
) -> pd.DataFrame:
    """Return the judged predictions with version, as_of and what happened."""
    parts = []
    for one in judged:
        rows = tables[one.version, one.as_of].assign(
            version=one.version, as_of=pd.Timestamp(one.as_of).as_unit("us")
        )
        asked = ibis.memtable(
            pa.Table.from_pandas(rows[list(_ASKED.names)], schema=_ASKED, preserve_index=False)
        )
        label = _LABELS[task](bench, asked, timedelta(days=one.horizon_days), until)
        parts.append(rows.merge(bench.frame(label), on=_ASKED.names, validate="one_to_one"))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({VERSION: [], AS_OF: []})


def _churned(bench: Workbench, asked: ir.Table, horizon: timedelta, until: datetime) -> ir.Table:
    return no_booking_within(bench.facts, asked, horizon, until)


def _bought(bench: Workbench, asked: ir.Table, horizon: timedelta, until: datetime) -> ir.Table:
    return value_within(bench.facts, asked, horizon, until)


_LABELS: Mapping[Task, Callable[[Workbench, ir.Table, timedelta, datetime], ir.Table]] = {
    "churn": _churned,
    "value": _bought,
}


def promises_of(bench: Workbench, task: Task, version: str) -> dict[str, Promise]:
    """Return what was measured of a version for everybody when it was trained, by metric."""
    told = bench.registry.metrics(bench.operator.operator_id, task, version)
    return {
        name: Promise(value, told.get(f"{name}.low"), told.get(f"{name}.high"))
        for name, value in told.items()
        if not {".", "/"} & set(name)  # else of a rival, of a slice, or a bound
    }


def _drifts(scores: Mapping[Key, Floats]) -> list[Drifted]:
    """Compare each scoring with the one of its season a year before."""
    pairs = [
        (key, against)
        for key in scores
        for against in [reference_for(key[1], key[0], scores)]
        if against is not None
    ]
    return [drift_of(scores[key], scores[then], key, then, len(pairs)) for key, then in pairs]
