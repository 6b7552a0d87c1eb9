"""Churn on anybody's transactions: the same features, labels and training as in the chain, without a log."""

from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import ibis
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from activity_log.errors import NotEnoughDataError
from feature_repo.expressions.clocks import ROW, population
from feature_repo.groups import BOOKING, CHURN_FEATURES
from feature_repo.sources import connect_duckdb, moments_table
from models.churn import ChurnScorer
from training.baselines import BASELINES, Floats
from training.brought_transactions import AMOUNT, CUSTOMER, TIME, check_horizon, facts_of, read_transactions
from training.churn import MOMENT as AT
from training.churn import ChurnSpec, fit_churn, known_at, scored
from training.churn_examples import KNOWN, churned_within
from training.churn_report import MODEL
from training.labels import next_booking
from training.metrics import classification_metrics

STEP_DAYS = 30
SHORTEST_HISTORY = timedelta(days=60)
"""How much must lie before the first moment that is learned from."""
HALF_LIFE_DAYS = 180.0
"""A trade that is known by its sales alone changes: what came of a moment half a year earlier counts half."""
MOST_MOMENTS = 36
MOST_CUSTOMERS = 20_000
"""So many customers are learned from at most, a random sample; all are judged."""


def evaluate_churn(transactions: Path, cutoff: datetime, horizon_days: int) -> dict[str, Any]:
    """Train on what was known before `cutoff`, measure on who then stayed away for the horizon.

    transactions: Parquet or CSV with customer_id, timestamp (UTC unless it says otherwise) and optionally amount;
    rows without a customer, moment or amount and rows of negative amount are left out. Customers seen before the
    cutoff are judged.
    Returns {"models": {name: {metric: value}}, "champion": name}; the champion is chosen on moments whose outcome
    was known at the cutoff. Raises WrongUseError and NotEnoughDataError.
    """
    table = read_transactions(transactions)
    spec = own_spec(horizon_days)
    check_horizon(transactions, table, cutoff, spec.horizon)
    features, until = useful_features(table), cutoff + spec.horizon
    past = past_rows(table[table[TIME] < cutoff], cutoff, spec)
    future = rows_at(table[table[TIME] < until], [cutoff], until)
    labels = churned_within(future, horizon_days)
    with threadpool_limits(1, user_api="blas"):
        started = perf_counter()
        scorer = fit_churn(past, features, spec)
        seconds = perf_counter() - started
        told = _told(scorer, past, future, spec)
        champion = _champion(past, features, spec, cutoff)
    models = {name: classification_metrics(labels, values) for name, values in told.items()}
    models[MODEL]["fit_seconds"] = seconds
    return {"models": models, "champion": champion}


def own_spec(horizon_days: int) -> ChurnSpec:
    """Return the settings for a table that tells bookings only, often of few seasons.

    Many shorter horizons, whose outcomes are known of the latest moments too.
    """
    return ChurnSpec(
        horizon_days=horizon_days,
        step_days=STEP_DAYS,
        shares=tuple(sixth / 6 for sixth in range(1, 6)),
        half_life_days=HALF_LIFE_DAYS,
    )


def past_rows(table: pd.DataFrame, cutoff: datetime, spec: ChurnSpec) -> pd.DataFrame:
    """Return features and what is known of the outcome at `cutoff`, for moments STEP_DAYS apart, the oldest first.

    Raises NotEnoughDataError unless the outcome of one of them is known for half the horizon.
    """
    first, step = table[TIME].min().to_pydatetime() if len(table) else cutoff, timedelta(days=spec.step_days)
    if cutoff - spec.horizon / 2 < first + SHORTEST_HISTORY:
        raise NotEnoughDataError(
            f"churn: {(cutoff - first).days} days of log are too few for a horizon of {spec.horizon_days} days; "
            f"{spec.horizon_days // 2 + SHORTEST_HISTORY.days + 1} are needed, or a shorter --horizon"
        )
    count = min((cutoff - first - SHORTEST_HISTORY) // step, MOST_MOMENTS)
    moments = {cutoff - step * back for back in range(1, count + 1)}
    newest_complete = cutoff - spec.horizon
    complete = {newest_complete} if newest_complete >= first + SHORTEST_HISTORY else set()
    return rows_at(_sampled(table), sorted(moments | complete), cutoff)


def rows_at(table: pd.DataFrame, moments: list[datetime], until: datetime) -> pd.DataFrame:
    """Return the features of everybody who had booked at each moment, and the outcome known at `until`."""
    facts, connection = facts_of(table), connect_duckdb()
    as_of = ibis.memtable(connection.to_pyarrow(population(facts, moments_table(moments))))
    labels = connection.to_pyarrow(next_booking(facts, as_of, until)).to_pandas()
    features = connection.to_pyarrow(BOOKING.expression(facts, as_of)).to_pandas()
    joined = labels.merge(features, on=list(ROW), validate="one_to_one").rename(columns={"as_of": AT})
    return joined[joined["total_bookings"] > 0].sort_values([AT, CUSTOMER], ignore_index=True)


def useful_features(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the churn features that bookings alone can tell."""
    told = [name.split(":")[1] for name in CHURN_FEATURES if name.startswith(f"{BOOKING.name}:")]
    without = {
        "average_party_size", "average_booking_lead_time", "upcoming_trips", "days_since_last_departure",
        "cancelled_bookings", "days_since_last_cancellation",
    }  # fmt: skip
    money = set() if table[AMOUNT].any() else {"lifetime_revenue", "revenue_365d", "average_booking_value"}
    return tuple(name for name in told if name not in without | money)


def _sampled(table: pd.DataFrame) -> pd.DataFrame:
    """Return the transactions of MOST_CUSTOMERS customers at most, picked evenly from their hashes."""
    customers = pd.Series(table[CUSTOMER].unique())
    if len(customers) <= MOST_CUSTOMERS:
        return table
    hashes = pd.util.hash_pandas_object(customers, index=False)
    return table[table[CUSTOMER].isin(customers[hashes.argsort()[:MOST_CUSTOMERS]])]


def _told(
    scorer: ChurnScorer, past: pd.DataFrame, future: pd.DataFrame, spec: ChurnSpec
) -> dict[str, Floats]:
    """Return what the scorer and every rule say of the future's customers.

    Rules are fitted to the longest horizon whose outcome is known; in a short log that may be less than the whole.
    """
    known = max(days for days in spec.horizons if (past[KNOWN] >= days).any())
    whole = past[past[KNOWN] >= known]
    whole = whole.assign(churned=churned_within(whole, known).astype(bool))
    rules = {name: rule().fit(whole, spec.horizon_days).predict(future) for name, rule in BASELINES.items()}
    return {MODEL: scored(scorer, future), **rules}


def _champion(past: pd.DataFrame, features: tuple[str, ...], spec: ChurnSpec, cutoff: datetime) -> str:
    """Return who told best, by AUC, before the cutoff: a horizon earlier, and half of one with half the horizon.

    What comes out of too little past to judge by is the model.
    """
    found: dict[str, list[float]] = {}
    for days in (spec.horizon_days, spec.horizon_days // 2):
        earlier = cutoff - timedelta(days=days)
        nested = spec.model_copy(update={"horizon_days": days})
        before, after = known_at(past, earlier), _judged_at(past, earlier, days)
        labels = churned_within(after, days)
        complete = before[before[KNOWN] >= days]
        if len(set(labels.tolist())) < 2 or len(set(churned_within(complete, days).tolist())) < 2:
            continue
        scorer = fit_churn(before, features, nested)
        for name, values in _told(scorer, before, after, nested).items():
            found.setdefault(name, []).append(classification_metrics(labels, values)["auc"])
    return max(found, key=lambda name: float(np.mean(found[name]))) if found else MODEL


def _judged_at(past: pd.DataFrame, moment: datetime, days: int) -> pd.DataFrame:
    """Return the rows of the newest moment up to `moment` whose outcome is complete."""
    told = past[(past[AT] <= moment) & (past[KNOWN] >= days)]
    return told[told[AT] == told[AT].max()].reset_index(drop=True)
