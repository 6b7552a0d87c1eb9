"""Interactions that somebody brings along: Parquet or CSV, read and checked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from activity_log.errors import WrongUseError

CUSTOMER, ITEM, TIMESTAMP = "customer_id", "item_id", "timestamp"

SECONDS_PER_DAY = 86_400.0
LARGEST_SECONDS = 1e11
"""Whole numbers above it (the year 5138) count milliseconds."""


@dataclass(frozen=True)
class Brought:
    """One row per interaction. days: since 1970, null if the file has no timestamps. All of shape (n,)."""

    customer_ids: np.ndarray
    item_ids: np.ndarray
    days: np.ndarray | None

    def of(self, kept: np.ndarray) -> "Brought":
        """Return the rows where `kept`, (n,), is true."""
        days = None if self.days is None else self.days[kept]
        return Brought(self.customer_ids[kept], self.item_ids[kept], days)


def read_brought(path: Path) -> Brought:
    """Read customer_id, item_id and, where there is one, timestamp (a date, or seconds since 1970).

    Ids are compared as text. Raises WrongUseError naming the file, the column and the remedy.
    """
    frame = _read(path)
    for column in (CUSTOMER, ITEM):
        if column not in frame.columns:
            raise WrongUseError(
                f"{path}: column '{column}' is missing, there are: {', '.join(map(str, frame.columns))}; rename one"
            )
    if frame.empty:
        raise WrongUseError(f"{path}: holds no rows; give at least one interaction")
    for column in (CUSTOMER, ITEM, *({TIMESTAMP} & set(frame.columns))):
        if frame[column].isna().any():
            row = int(np.flatnonzero(frame[column].isna())[0]) + 1
            raise WrongUseError(f"{path}: column '{column}' is empty in row {row}; fill it or drop the row")
    days = _days(path, frame[TIMESTAMP]) if TIMESTAMP in frame.columns else None
    return Brought(_text(frame[CUSTOMER]), _text(frame[ITEM]), days)


def _read(path: Path) -> pd.DataFrame:
    readers = {".parquet": pd.read_parquet, ".pq": pd.read_parquet, ".csv": pd.read_csv, ".gz": pd.read_csv}
    if path.suffix not in readers:
        raise WrongUseError(f"{path}: is neither Parquet nor CSV by its name; use .parquet, .csv or .csv.gz")
    options = {} if readers[path.suffix] is pd.read_parquet else {"dtype": {CUSTOMER: str, ITEM: str}}
    try:
        return readers[path.suffix](path, **options)
    except (OSError, EOFError, ValueError) as error:  # parsing errors of pandas and Arrow are ValueErrors
        reason = str(error).splitlines()[0]
        raise WrongUseError(f"{path}: cannot be read: {reason}; give a Parquet or CSV file") from error


def _days(path: Path, timestamps: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(timestamps):
        seconds = timestamps.to_numpy(np.float64)
        seconds = np.where(np.abs(seconds) > LARGEST_SECONDS, seconds / 1_000.0, seconds)
    else:
        moments = pd.to_datetime(timestamps, utc=True, format="ISO8601", errors="coerce")
        if moments.isna().any():
            row = int(np.flatnonzero(moments.isna())[0])
            raise WrongUseError(
                f"{path}: column '{TIMESTAMP}' holds '{timestamps.iloc[row]}' in row {row + 1}; "
                "write moments as 2025-05-10T08:00:00Z"
            )
        seconds = (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy()
    days: np.ndarray = seconds / SECONDS_PER_DAY
    return days


def _text(ids: pd.Series) -> np.ndarray:
    text: np.ndarray = ids.astype(str).to_numpy(dtype=object)
    return text
