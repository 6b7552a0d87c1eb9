"""Churn on anybody's transactions: the same features, labels and training as in the chain, without a log.

A table of transactions becomes the bookings of an operator who knows nothing else of its customers; everything
was known the moment it happened.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from activity_log.errors import WrongUseError
from activity_log.facts.tables import FACT_TABLES, MOMENT
from feature_repo.expressions.clocks import ROW, Facts, population
from feature_repo.groups import BOOKING, CHURN_FEATURES
from feature_repo.sources import IDENTITIES, connect_duckdb, moments_table
from training.baselines import BASELINES
from training.churn import MOMENT as AT
from training.churn import ChurnSpec, churn_moments, train_churn
from training.labels import no_booking_within
from training.recommender.brought import LARGEST_SECONDS

OPERATOR = "own"
MODEL = "lightgbm"
CUSTOMER, TIME, AMOUNT = "customer_id", "timestamp", "amount"


def evaluate_churn(transactions: Path, cutoff: datetime, horizon_days: int) -> dict[str, Any]:
    """Train on what was known before `cutoff`, measure on who then stayed away for the horizon.

    transactions: Parquet or CSV with customer_id, timestamp (UTC unless it says otherwise) and optionally amount;
    rows without a customer, moment or amount and rows of negative amount are left out. Customers seen before the
    cutoff are judged.
    Returns {"models": {name: {metric: value}}, "champion": name}; the champion is chosen on a moment whose outcome
    was known at the cutoff. Raises WrongUseError and NotEnoughDataError.
    """
    table = read_transactions(transactions)
    if table[TIME].max() < cutoff + pd.Timedelta(days=horizon_days):
        raise WrongUseError(
            f"{transactions}: ends {table[TIME].max():%Y-%m-%d}, before the horizon of {horizon_days} days after "
            f"{cutoff:%Y-%m-%d} is over; use an earlier --cutoff or a shorter --horizon"
        )
    spec = ChurnSpec(horizon_days=horizon_days, step_days=30)
    features = _useful_features(table)
    champion = _champion(_examples(table, cutoff, spec), features, spec)
    started = perf_counter()
    trained = train_churn(_examples(table, cutoff + spec.horizon, spec), features, spec)
    seconds = perf_counter() - started
    models = {MODEL: {**trained.measured.metrics, "fit_seconds": seconds}, **trained.measured.baselines}
    return {"models": models, "champion": champion}


def read_transactions(path: Path) -> pd.DataFrame:
    """Read customer_id (str), timestamp (UTC) and amount (0 where the table has none). Raises WrongUseError.

    Moments are ISO 8601 text, or numbers of seconds (or milliseconds) since 1970.
    """
    try:
        table = (
            pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={CUSTOMER: str})
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WrongUseError(f"{path}: cannot be read as Parquet or CSV: {reason}") from error
    for column in (CUSTOMER, TIME):
        if column not in table:
            raise WrongUseError(
                f"{path}: has no column '{column}'; it has {', '.join(map(str, table.columns))}"
            )
    amounts = table[AMOUNT] if AMOUNT in table else pd.Series(0.0, index=table.index)
    read = pd.DataFrame(
        {
            CUSTOMER: table[CUSTOMER].astype("string"),
            TIME: _converted(path, table[TIME], _moments, "write moments as 2025-05-10T08:00:00Z"),
            AMOUNT: _converted(path, amounts, _numbers, "write amounts as 349.00"),
        }
    )
    return read[read[CUSTOMER].notna() & (read[AMOUNT] >= 0)].dropna().reset_index(drop=True)


def _converted(
    path: Path, column: pd.Series, convert: Callable[[pd.Series], pd.Series], remedy: str
) -> pd.Series:
    """Convert a column; empty cells stay empty, and one that cannot be read is named."""
    values = convert(column)
    for row in np.flatnonzero(values.isna() & column.notna())[:1]:
        raise WrongUseError(
            f"{path}: column '{column.name}' holds '{column.iloc[row]}' in row {row + 1}; {remedy}"
        )
    return values


def _moments(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        seconds = column.where(column.abs() <= LARGEST_SECONDS, column / 1_000)
        return pd.to_datetime(seconds, unit="s", utc=True, errors="coerce")
    return pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")


def _numbers(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column, errors="coerce")


def _examples(table: pd.DataFrame, until: datetime, spec: ChurnSpec) -> pd.DataFrame:
    """Return features and labels at all moments whose outcome is known at `until`."""
    facts, connection = _facts(table[table[TIME] < until]), connect_duckdb()
    moments = churn_moments(spec, table[TIME].min().to_pydatetime(), until)
    as_of = ibis.memtable(connection.to_pyarrow(population(facts, moments_table(moments))))
    examples = connection.to_pyarrow(no_booking_within(facts, as_of, spec.horizon, until)).to_pandas()
    features = connection.to_pyarrow(BOOKING.expression(facts, as_of)).to_pandas()
    examples = examples.merge(features, on=list(ROW), validate="one_to_one")
    booked = examples[examples["total_bookings"] > 0].rename(columns={"as_of": AT})
    return booked.sort_values([AT, CUSTOMER], ignore_index=True)


def _facts(table: pd.DataFrame) -> Facts:
    """Return the transactions as bookings of one seat, and profiles that begin with the first of them."""
    stamped = pd.DataFrame(
        {
            "operator_id": OPERATOR,
            CUSTOMER: table[CUSTOMER],
            "occurred_at": table[TIME],
            "recorded_at": table[TIME],
            "event_id": table.index.astype(str),
        }
    )
    bookings = stamped.assign(
        booking_id=stamped["event_id"],
        departure_date=table[TIME].dt.date,
        amount=[f"{amount:.2f}" for amount in table[AMOUNT]],
        party_size=1,
    )
    first = stamped.sort_values("occurred_at").drop_duplicates(CUSTOMER)
    filled = {"bookings": _typed("bookings", bookings), "profiles": _typed("profiles", first)}
    names = [name for name in Facts.__dataclass_fields__ if name != "identities"]
    tables = {name: filled.get(name, FACT_TABLES[name].empty_table()) for name in names}
    return Facts(
        **{name: ibis.memtable(rows) for name, rows in tables.items()},
        identities=ibis.memtable(IDENTITIES.empty_table()),
    )


def _typed(name: str, frame: pd.DataFrame) -> pa.Table:
    """Give a frame the columns and types of a fact table, null where it has none."""
    columns = []
    for column in FACT_TABLES[name]:
        if column.name not in frame:
            columns.append(pa.nulls(len(frame), column.type))
        else:
            raw = pa.array(
                frame[column.name].astype(object).to_list() if column.type != MOMENT else frame[column.name]
            )
            columns.append(raw.cast(column.type))
    return pa.Table.from_arrays(columns, schema=FACT_TABLES[name])


def _useful_features(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the churn features that bookings alone can tell."""
    told = [name.split(":")[1] for name in CHURN_FEATURES if name.startswith(f"{BOOKING.name}:")]
    without = {"average_party_size", "average_booking_lead_time", "upcoming_trips"}
    money = set() if table[AMOUNT].any() else {"lifetime_revenue", "revenue_365d", "average_booking_value"}
    return tuple(name for name in told if name not in without | money)


def _champion(examples: pd.DataFrame, features: tuple[str, ...], spec: ChurnSpec) -> str:
    """Return whose log loss was least on the newest moment whose outcome was known at the cutoff."""
    measured = train_churn(examples, features, spec).measured
    losses = {MODEL: measured.metrics["log_loss"]}
    losses |= {name: measured.baselines[name]["log_loss"] for name in BASELINES}
    return min(losses, key=lambda name: losses[name])
