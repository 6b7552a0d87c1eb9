"""What becomes of each row: the stated rules, applied in one order, so that every row has exactly one fate."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from activity_log.gate import CLOCK_TOLERANCE, LAUNCH_OF_TIME
from activity_log.importing import columns
from activity_log.importing.reading import is_repeated
from activity_log.importing.spec import TableSpec

_LARGEST_AMOUNT = 1e12
"""What `contracts.fields.Money` holds."""


Mask = NDArray[np.bool_]


class Fate(StrEnum):
    """What became of a row. The first that applies, in this order; the last four are found by matching."""

    NO_CUSTOMER = "no customer"
    NO_BOOKING_OR_ITEM = "no booking or item"
    UNREADABLE_TIME = "unreadable time"
    TIME_OUT_OF_RANGE = "time before 1970 or in the future"
    UNREADABLE_DEPARTURE_DATE = "unreadable departure date"
    UNREADABLE_NUMBER = "unreadable amount or quantity"
    DUPLICATE = "same as an earlier row"
    ODD_ITEM = "odd item code"
    NOT_A_SALE = "not a sale"
    OTHER_CUSTOMER = "booking of another customer"
    CANCELLATION_WITHOUT_BOOKING = "cancellation without an earlier booking"
    PARTIAL_RETURN = "partial return"
    CANCELLED = "cancellation"
    BOOKED = "booking"


FATES = tuple(Fate)
"""A fate's place here is its code in `Rows.fates`."""


def code(fate: Fate) -> int:
    """Return the place of a fate in FATES."""
    return FATES.index(fate)


@dataclass(frozen=True)
class Rows:
    """The rows of a table, typed and judged one by one.

    frame: customer, booking, item (categories of text), time (UTC), cents (int64, signed), departure_date (naive
    midnight), and, where the table has them, quantity (float64, signed), description, family (categories).
    fates: the code of each row. Returns are CANCELLED and sales BOOKED until they are matched.
    """

    frame: pd.DataFrame
    fates: NDArray[np.int8]

    def of(self, fate: Fate) -> pd.DataFrame:
        """Return the rows with this fate in the order of time; the index is the row's place in the table."""
        chosen = self.frame[self.fates == code(fate)]
        return chosen.sort_values("time", kind="stable")


def judge(table: pa.Table, spec: TableSpec, now: datetime) -> Rows:
    """Type the columns and judge each row by itself. Raises WrongUseError for a column of the wrong type."""
    frame, unreadable = _typed(table, spec)
    is_return = _is_return(frame["booking"], spec)
    in_range = frame["time"].between(pd.Timestamp(LAUNCH_OF_TIME), pd.Timestamp(now + CLOCK_TOLERANCE))
    rules = {
        Fate.NO_CUSTOMER: frame["customer"].isna(),
        Fate.NO_BOOKING_OR_ITEM: frame["booking"].isna() | frame["item"].isna(),
        Fate.UNREADABLE_TIME: frame["time"].isna(),
        Fate.TIME_OUT_OF_RANGE: ~in_range,
        **unreadable,
        Fate.DUPLICATE: is_repeated(table),
        Fate.ODD_ITEM: _is_odd(frame["item"], spec),
        Fate.NOT_A_SALE: (frame["cents"] <= 0) & ~is_return,
        Fate.CANCELLED: is_return,
    }
    codes = [code(fate) for fate in rules]
    fates = np.select([np.asarray(mask, dtype=bool) for mask in rules.values()], codes, code(Fate.BOOKED))
    return Rows(frame, fates.astype(np.int8))


def _typed(table: pa.Table, spec: TableSpec) -> tuple[pd.DataFrame, dict[Fate, Mask]]:
    """Return the typed columns, and which rows hold a number or a date that cannot be read."""
    names = spec.columns
    frame = pd.DataFrame(
        {
            field: columns.ids(table.column(names[field]), field)
            for field in ("customer", "booking", "item", "description", "family")
            if field in names
        }
    )
    frame["time"] = columns.moments(table.column(names["time"]), "time", spec)
    amounts = columns.numbers(table.column(names["amount"]), "amount")
    readable = np.abs(amounts) < _LARGEST_AMOUNT
    frame["cents"] = np.rint(np.where(readable, amounts, 0) * 100).astype(np.int64)
    if "quantity" in names:
        frame["quantity"] = columns.numbers(table.column(names["quantity"]), "quantity")
        readable &= frame["quantity"].notna().to_numpy()
    frame["departure_date"], undated = _departure_dates(table, spec, frame["time"])
    return frame, {Fate.UNREADABLE_DEPARTURE_DATE: undated, Fate.UNREADABLE_NUMBER: ~readable}


def _departure_dates(
    table: pa.Table, spec: TableSpec, booked: "pd.Series[pd.Timestamp]"
) -> tuple["pd.Series[pd.Timestamp]", Mask]:
    booked_on = columns.local_days(booked, spec)
    if spec.departure_date is None:
        return booked_on, np.zeros(len(booked_on), dtype=bool)
    column = table.column(spec.departure_date)
    dates = columns.days(column, "departure_date", spec)
    is_empty = columns.is_empty(column)
    return dates.where(~is_empty, booked_on), (dates.isna() & ~is_empty).to_numpy()


def _is_return(booking: "pd.Series[str]", spec: TableSpec) -> Mask:
    prefix = spec.cancellation_prefix
    return _where_id(booking, lambda id_: prefix is not None and id_.startswith(prefix))


def _is_odd(item: "pd.Series[str]", spec: TableSpec) -> Mask:
    pattern = re.compile(spec.item_pattern or ".*", re.DOTALL)
    return _where_id(item, lambda id_: not pattern.fullmatch(id_))


def _where_id(column: "pd.Series[str]", condition: Callable[[str], bool]) -> Mask:
    """Ask the condition once per distinct id; a missing id does not meet it."""
    answers = np.array([*(condition(id_) for id_ in column.cat.categories), False], dtype=bool)
    met: Mask = answers[np.asarray(column.cat.codes)]
    return met
