"""A column of the table in the type its meaning asks for. What cannot be read is null, never guessed."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from activity_log.errors import WrongUseError
from activity_log.importing.spec import TableSpec

_WITH_OFFSET = r"\d[T ]\d{2}.*(?:Z|[+-]\d{2}(?::?\d{2})?)$"
_WHOLE_FLOAT = r"^(-?\d+)\.0+$"


def ids(column: pa.ChunkedArray, field: str) -> pd.Categorical:
    """Return ids as trimmed text. Empty is null; a whole number written as float (13085.0) is that number."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    try:
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    except pa.ArrowException as error:
        raise WrongUseError(f"{field}: its column holds {column.type}; give text or whole numbers") from error
    text = pc.replace_substring_regex(text, _WHOLE_FLOAT, r"\1")
    text = pc.if_else(pc.equal(text, ""), None, text)
    return pd.Categorical(text.combine_chunks().dictionary_encode().to_pandas())


def numbers(column: pa.ChunkedArray, field: str) -> NDArray[np.float64]:
    """Return finite numbers as float64, everything else as NaN."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = column.cast(pa.float64()).to_pandas().to_numpy()
    elif _is_text(kind) or pa.types.is_null(kind):
        values = pd.to_numeric(column.to_pandas(), errors="coerce").to_numpy(dtype="float64")
        _refuse_if_none(~np.isnan(values), column, field, "is a number; give plain numbers like 12.50")
    else:
        raise WrongUseError(f"{field}: its column holds {kind}; give numbers")
    return np.where(np.isfinite(values), values, np.nan)


def moments(column: pa.ChunkedArray, field: str, spec: TableSpec) -> "pd.Series[pd.Timestamp]":
    """Return moments in UTC. Times without offset are of the zone `spec.timezone`."""
    naive, aware = _times(column, field, spec.time_format)
    first_of_ambiguous = np.ones(len(naive), dtype=bool)
    local = naive.dt.tz_localize(spec.timezone, ambiguous=first_of_ambiguous, nonexistent="shift_forward")
    return local.dt.tz_convert("UTC").fillna(aware)


def days(column: pa.ChunkedArray, field: str, spec: TableSpec) -> "pd.Series[pd.Timestamp]":
    """Return dates as naive midnights."""
    naive, aware = _times(column, field, spec.date_format)
    return naive.fillna(aware.dt.tz_convert(spec.timezone).dt.tz_localize(None)).dt.normalize()


def local_days(times: "pd.Series[pd.Timestamp]", spec: TableSpec) -> "pd.Series[pd.Timestamp]":
    """Return the day of each moment, as the operator's own calendar has it, as naive midnights."""
    return times.dt.tz_convert(spec.timezone).dt.tz_localize(None).dt.normalize()


def is_empty(column: pa.ChunkedArray) -> "pd.Series[bool]":
    """Say where a column holds nothing, or text of nothing but spaces."""
    values = column.to_pandas()
    return values.isna() | (values.str.strip() == "") if _is_text(column.type) else values.isna()


Times = tuple["pd.Series[pd.Timestamp]", "pd.Series[pd.Timestamp]"]


def _times(column: pa.ChunkedArray, field: str, written: str | None) -> Times:
    """Return times without offset (naive) and times with one (UTC); each time is in one of the two."""
    kind = column.type
    if pa.types.is_date(kind):
        column, kind = column.cast(pa.timestamp("us")), pa.timestamp("us")
    if pa.types.is_timestamp(kind):
        times = column.cast(pa.timestamp("us", tz=kind.tz), safe=False).to_pandas()
        none = pd.Series(pd.NaT, index=times.index, dtype=_NAIVE if kind.tz else _UTC)
        return (none, times.dt.tz_convert("UTC")) if kind.tz else (times, none)
    if not (_is_text(kind) or pa.types.is_null(kind)):
        raise WrongUseError(
            f"{field}: its column holds {kind}; give timestamps, or text like 2026-05-01 10:00"
        )
    naive, aware = _parsed(column.to_pandas().astype("string"), written)
    remedy = "is a time; write ISO 8601 like 2026-05-01 10:00, or say how they are written"
    _refuse_if_none(naive.notna() | aware.notna(), column, field, remedy)
    return naive, aware


_NAIVE, _UTC = "datetime64[us]", "datetime64[us, UTC]"


def _parsed(text: "pd.Series[str]", time_format: str | None) -> Times:
    if time_format is None:
        with_offset = text.str.contains(_WITH_OFFSET, regex=True).fillna(False).astype(bool)
    else:
        with_offset = pd.Series("%z" in time_format, index=text.index)
    written = time_format or "ISO8601"
    naive = pd.to_datetime(text.mask(with_offset), format=written, errors="coerce")
    aware = pd.to_datetime(text.where(with_offset), format=written, errors="coerce", utc=True)
    return naive.astype(_NAIVE), aware.astype(_UTC)


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _refuse_if_none(readable: object, column: pa.ChunkedArray, field: str, problem: str) -> None:
    if not np.any(np.asarray(readable)):
        written = column.drop_null()
        example = f" (the first is '{written[0]}')" if len(written) else " (all are empty)"
        raise WrongUseError(f"{field}: no value of its column {problem}{example}")
