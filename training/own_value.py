"""Value on anybody's transactions: the same features, labels and training as in the chain, without a log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import ibis
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from activity_log.errors import NotEnoughDataError
from feature_repo.expressions.clocks import ROW, Facts, population
from feature_repo.groups import BOOKING, CHURN_FEATURES
from feature_repo.sources import connect_duckdb, moments_table
from models.churn import encode
from models.value import RUNGS, Forecast
from training.brought_transactions import AMOUNT, CUSTOMER, TIME, check_horizon, facts_of, read_transactions
from training.value import check_size, choose, with_ranges
from training.value_fitting import MOMENT, Fitted, ValueSpec, fit_rung, moments_of
from training.value_labels import KEPT_BOOKINGS, KEPT_SPEND, value_within
from training.value_metrics import Floats, range_coverage, value_metrics
from training.value_rules import (
    LAST_BOOKINGS,
    LAST_PERIOD,
    LAST_SPEND,
    MEAN_RATE,
    Expected,
    mean_rate,
    same_as_last_period,
)

STEP = timedelta(days=30)
SHORTEST_HISTORY = timedelta(days=60)
MOST_MOMENTS = 18

NAMES = {"purchases": "bg_nbd_gamma_gamma", "season": "seasonal_bg_nbd_gamma_gamma", "boosted": "lightgbm"}
_TOLD_BY_BOOKINGS = (
    *(name.split(":")[1] for name in CHURN_FEATURES if name.startswith(f"{BOOKING.name}:")),
    "bookings_90d", "revenue_90d", "revenue_730d", "highest_booking_value",
)  # fmt: skip
_NEVER_VARIES = {"average_party_size", "average_booking_lead_time", "upcoming_trips"}


class _Brought(NamedTuple):
    """What was known at the cutoff: past examples with outcomes, and the customers as they were then."""

    past: pd.DataFrame
    now: pd.DataFrame


class _Told(NamedTuple):
    """What one model expects of the customers, with likely ranges where the past tells any; seconds: of its fit."""

    expected: Expected
    ranges: Forecast | None = None
    seconds: float | None = None

    def metrics(self, kept: Floats, paid: Floats) -> dict[str, float]:
        """Measure it against what was kept and paid, (customers,) each."""
        covered = range_coverage(self.ranges, kept, paid) if self.ranges else {}
        timed = {} if self.seconds is None else {"fit_seconds": self.seconds}
        return value_metrics(*self.expected, kept, paid) | covered | timed


def evaluate_value(transactions: Path, cutoff: datetime, horizon_days: int) -> dict[str, Any]:
    """Forecast each customer's purchases and spend in the horizon after `cutoff`, and measure it on what came.

    transactions: Parquet or CSV with customer_id, timestamp (UTC unless it says otherwise) and optionally amount;
    rows without a customer or moment and rows of negative amount are left out. Each row is one purchase. Customers
    seen before the cutoff are judged; nothing after it is learned from.
    Returns {"models": {name: {metric: value}}, "champion": name}; the champion is chosen on past moments whose
    outcome was known at the cutoff. Raises WrongUseError.
    """
    table = read_transactions(transactions)
    spec = ValueSpec(horizon_days=horizon_days, step_days=STEP.days)
    check_horizon(transactions, table, cutoff, spec.horizon)
    brought = _known_at(table, cutoff, spec)
    with threadpool_limits(1, user_api="blas"):
        told, champion = _all_models(brought, spec)
    kept, paid = _outcome(table, brought.now, cutoff, spec)
    return {"models": {name: one.metrics(kept, paid) for name, one in told.items()}, "champion": champion}


def _all_models(brought: _Brought, spec: ValueSpec) -> tuple[dict[str, _Told], str]:
    """Return what each model expects, and the champion."""
    past, now, days = brought.past, brought.now, spec.horizon_days
    told = {
        MEAN_RATE: _Told(mean_rate(now, now, days)),
        LAST_PERIOD: _Told(same_as_last_period(now, days)),
    }
    rungs: Sequence[Any] = RUNGS
    try:
        check_size(past, spec)
        live = choose(past, _TOLD_BY_BOOKINGS, spec).rung
    except NotEnoughDataError:
        live, rungs = RUNGS[0], RUNGS[:1]
    for rung in rungs:
        started = perf_counter()
        fitted = fit_rung(rung, past, now, _TOLD_BY_BOOKINGS, spec)
        seconds = perf_counter() - started
        told[NAMES[rung]] = _Told(fitted.predict(now), _ranges(fitted, brought), seconds)
    return told, NAMES[live]


def _ranges(fitted: Fitted, brought: _Brought) -> Forecast | None:
    """Return the customers' likely ranges, learned from what came after past moments; None: there are none."""
    if brought.past.empty:
        return None
    model = with_ranges(fitted, brought.past, fitted.predict(brought.past))
    return model.forecast(encode(brought.now, fitted.features), moments_of(brought.now))


def _known_at(table: pd.DataFrame, cutoff: datetime, spec: ValueSpec) -> _Brought:
    known = table[table[TIME] < cutoff]
    facts, first = facts_of(known), known[TIME].min().to_pydatetime()
    newest = cutoff - spec.horizon
    count = min(max((newest - first - SHORTEST_HISTORY) // STEP + 1, 0), MOST_MOMENTS)
    moments = [newest - STEP * back for back in range(count)]
    rows = _rows(facts, [*moments, cutoff], spec)
    now = rows[rows[MOMENT] == cutoff].reset_index(drop=True)
    past = rows[rows[MOMENT] < cutoff]
    if moments:
        connection = connect_duckdb()
        asked = ibis.memtable(connection.to_pyarrow(population(facts, moments_table(moments))))
        labels = connection.to_pyarrow(value_within(facts, asked, spec.horizon, cutoff)).to_pandas()
        past = past.merge(labels.rename(columns={"as_of": MOMENT}), on=[*ROW[:2], MOMENT])
    else:
        past = past.assign(**{KEPT_BOOKINGS: 0, KEPT_SPEND: 0.0})
    return _Brought(past.reset_index(drop=True), now)


def _rows(facts: Facts, moments: Sequence[datetime], spec: ValueSpec) -> pd.DataFrame:
    """Return the features of everybody at each moment, and what they bought in the last period."""
    connection = connect_duckdb()
    as_of = ibis.memtable(connection.to_pyarrow(population(facts, moments_table(moments))))
    rows = connection.to_pyarrow(BOOKING.expression(facts, as_of)).to_pandas()
    before = as_of.mutate(as_of=as_of.as_of - ibis.literal(spec.horizon))
    last = connection.to_pyarrow(value_within(facts, before, spec.horizon, max(moments))).to_pandas()
    last = last.assign(as_of=last["as_of"] + spec.horizon)
    last = last.rename(columns={KEPT_BOOKINGS: LAST_BOOKINGS, KEPT_SPEND: LAST_SPEND})
    rows = rows.merge(last, on=list(ROW), validate="one_to_one").rename(columns={"as_of": MOMENT})
    rows = rows[rows["total_bookings"] > 0]
    return rows.sort_values([MOMENT, CUSTOMER], ignore_index=True)


def _outcome(
    table: pd.DataFrame, now: pd.DataFrame, cutoff: datetime, spec: ValueSpec
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each customer bought and paid in the horizon after the cutoff."""
    after = table[(table[TIME] >= cutoff) & (table[TIME] < cutoff + spec.horizon)]
    each = after.groupby(CUSTOMER)[AMOUNT].agg(["size", "sum"]).reindex(now[CUSTOMER].astype(str)).fillna(0)
    return each["size"].to_numpy(np.float64), each["sum"].to_numpy(np.float64)
