"""Transactions that somebody brings along: read, checked, and as the facts of an operator who knows nothing else.

A table of transactions becomes the bookings of an operator; everything was known the moment it happened.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from activity_log.errors import WrongUseError
from activity_log.facts.tables import FACT_TABLES, MOMENT
from feature_repo.expressions.clocks import Facts
from feature_repo.sources import IDENTITIES
from training.recommender.brought import LARGEST_SECONDS

OPERATOR = "own"
CUSTOMER, TIME, AMOUNT = "customer_id", "timestamp", "amount"


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


def check_horizon(path: Path, table: pd.DataFrame, cutoff: datetime, horizon: timedelta) -> None:
    """Raise WrongUseError if the transactions end before the horizon after the cutoff is over."""
    if table[TIME].max() < cutoff + horizon:
        raise WrongUseError(
            f"{path}: ends {table[TIME].max():%Y-%m-%d}, before the horizon of {horizon.days} days after "
            f"{cutoff:%Y-%m-%d} is over; use an earlier --cutoff or a shorter --horizon"
        )


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


def facts_of(table: pd.DataFrame) -> Facts:
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
