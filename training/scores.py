"""Batch scores: what the live models say of all customers as of a moment, into the prediction store."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from activity_log.errors import NoModelError, NotEnoughDataError
from models.artefacts import loader_of
from models.card import Task
from models.churn import ChurnScorer, band, encode
from models.predictions import PREDICTED, PredictionStore, Scoring
from models.registry import Loaded
from models.value import ValueModel
from training.workbench import Workbench

MOMENT = "event_timestamp"


class Written(NamedTuple):
    """A scoring that was kept, of how many customers."""

    scoring: Scoring
    customers: int


def score(bench: Workbench, as_of: datetime, tasks: Sequence[Task] = tuple(PREDICTED)) -> list[Written]:
    """Let the champions predict for everybody who had booked by `as_of`, from what was known then, and keep it.

    Tasks without a champion are left out. Raises NoModelError if none has one, NotEnoughDataError if nobody had
    booked yet.
    """
    live = [loaded for task in tasks if (loaded := _champion(bench, task))]
    if not live:
        raise NoModelError(
            f"operator '{bench.operator.operator_id}' has no live model of {', '.join(tasks)}: train and promote one"
        )
    first, _ = bench.log_span()
    if first >= as_of:
        raise NotEnoughDataError(
            f"nobody had booked by {as_of:%Y-%m-%d}; the first booking is of {first:%Y-%m-%d}"
        )
    bench.build([as_of])
    customers = bench.frame(bench.customers_at([as_of])).rename(columns={"as_of": MOMENT})
    return [_score(bench, loaded, customers, as_of) for loaded in live]


def store_of(bench: Workbench) -> PredictionStore:
    """Return the operator's prediction store."""
    return PredictionStore(bench.settings.predictions_dir, bench.operator.operator_id)


def _champion(bench: Workbench, task: Task) -> Loaded[Any] | None:
    try:
        return bench.registry.load(bench.operator.operator_id, task, loader_of(task))
    except NoModelError:
        return None


def _score(bench: Workbench, loaded: Loaded[Any], customers: pd.DataFrame, as_of: datetime) -> Written:
    card = loaded.card
    bench.say(f"{loaded.name} version {loaded.version} predicts for {len(customers):,} customers")
    rows = bench.features.training_set(customers, card.feature_service)
    booked = rows[rows["total_bookings"] > 0].reset_index(drop=True)
    predicted = _PREDICTS[card.task](loaded.model, booked, as_of)
    keys = {name: pa.array(booked[name], pa.string()) for name in ("operator_id", "customer_id")}
    scoring = Scoring(card.task, loaded.version, as_of, card.horizon_days, card.as_of)
    store_of(bench).write(scoring, pa.table({**keys, **predicted}))
    return Written(scoring, len(booked))


def _churn(scorer: ChurnScorer, rows: pd.DataFrame, as_of: datetime) -> dict[str, Any]:
    probabilities = scorer.score(encode(rows, scorer.features), as_of)
    return {"churn_probability": probabilities, "churn_band": [band(float(one)) for one in probabilities]}


def _value(model: ValueModel, rows: pd.DataFrame, as_of: datetime) -> dict[str, Any]:
    told = model.forecast(encode(rows, model.features), as_of)._asdict()
    return {_VALUE_COLUMNS.get(name, name): values for name, values in told.items()}


_VALUE_COLUMNS = {"bookings": "expected_bookings", "spend": "expected_spend"}
_PREDICTS: Mapping[Task, Callable[[Any, pd.DataFrame, datetime], dict[str, Any]]] = {
    "churn": _churn,
    "value": _value,
}
