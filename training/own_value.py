"""Value on anybody's transactions: the same features, labels and training as in the chain, without a log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import ibis
import numpy as np
import pandas as pd

from activity_log.errors import NotEnoughDataError, WrongUseError
from feature_repo.expressions.clocks import ROW, Facts, population
from feature_repo.groups import BOOKING, CHURN_FEATURES
from feature_repo.sources import connect_duckdb, moments_table
from models.value import RUNGS
from training.brought_transactions import AMOUNT, CUSTOMER, TIME, check_horizon, facts_of, read_transactions
from training.value import check_size, choose
from training.value_fitting import MOMENT, ValueSpec, fit_rung
from training.value_labels import KEPT_BOOKINGS, KEPT_SPEND, value_within
from training.value_metrics import value_metrics
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
    if not (table[TIME] < cutoff).any():
        raise WrongUseError(
            f"{transactions}: begins {table[TIME].min():%Y-%m-%d}; use a --cutoff after its first transactions"
        )
    brought = _known_at(table, cutoff, spec)
    expected, champion, seconds = _all_models(brought, spec)
    kept, paid = _outcome(table, brought.now, cutoff, spec)
    models = {name: value_metrics(*each, kept, paid) for name, each in expected.items()}
    return {
        "models": {name: figures | seconds.get(name, {}) for name, figures in models.items()},
        "champion": champion,
    }


def _all_models(
    brought: _Brought, spec: ValueSpec
) -> tuple[dict[str, Expected], str, dict[str, dict[str, float]]]:
    """Return what each model expects, the champion, and how long the fits took."""
    past, now, days = brought.past, brought.now, spec.horizon_days
    expected = {MEAN_RATE: mean_rate(now, now, days), LAST_PERIOD: same_as_last_period(now, days)}
    features = _TOLD_BY_BOOKINGS
    seconds = {}
    try:
        check_size(past, spec)
        live = choose(past, features, spec).rung
        rungs: Sequence[Any] = RUNGS
    except NotEnoughDataError:
        live, rungs = RUNGS[0], RUNGS[:1]
    for rung in rungs:
        started = perf_counter()
        expected[NAMES[rung]] = fit_rung(rung, past, now, features, spec).predict(now)
        seconds[NAMES[rung]] = {"fit_seconds": perf_counter() - started}
    return expected, NAMES[live], seconds


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
