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
_DATES = (19_000_101, 21_001_231)
"""Numbers that are dates without dashes; as seconds since 1970 all of them would lie in one summer."""
CUSTOMER, TIME, AMOUNT = "customer_id", "timestamp", "amount"


def read_transactions(path: Path) -> pd.DataFrame:
    """Read customer_id (str), timestamp (UTC) and amount (0 where the table has none). Raises WrongUseError.

    Moments are ISO 8601 text (20250510 too), or numbers of seconds (or milliseconds) since 1970.
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
                f"{path}: has no column '{column}', there are: {', '.join(map(str, table.columns))}; rename one"
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
    """Raise WrongUseError if there is nothing before the cutoff, or not all of the horizon after it.

    The last day counts as whole: many tables know days only.
    """
    if table.empty:
        raise WrongUseError(
            f"{path}: no row has a '{CUSTOMER}', a '{TIME}' and an '{AMOUNT}' of at least 0; fill these columns"
        )
    if not (table[TIME] < cutoff).any():
        raise WrongUseError(
            f"{path}: begins {table[TIME].min():%Y-%m-%d}; use a --cutoff after its first transactions"
        )
    if table[TIME].max() + timedelta(days=1) < cutoff + horizon:
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
    """Return moments to the microsecond, which is as fine as facts are."""
    if not pd.api.types.is_numeric_dtype(column):
        read = pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    elif column.dropna().between(*_DATES).all():
        read = pd.to_datetime(column.astype("Int64").astype("string"), utc=True, errors="coerce")
    else:
        seconds = column.where(column.abs() <= LARGEST_SECONDS, column / 1_000)
        read = pd.to_datetime(seconds, unit="s", utc=True, errors="coerce")
    return read.astype("datetime64[us, UTC]")


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
