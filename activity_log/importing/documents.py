"""The events a table becomes, as CloudEvents ready for the gate. Ids depend on the content alone."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.contracts.commerce import BookingCancelled, BookingConfirmed, TourPublished
from activity_log.contracts.fields import Payload
from activity_log.contracts.types import TYPES
from activity_log.importing.spec import TableSpec
from activity_log.importing.trade import Trade

Document = dict[str, Any]

SALES_CHANNEL = "import"
_SLICE = 10_000
"""Rows turned into Python objects at a time."""


class Documents:
    """The events of one table for one operator; `recordedtime` is their time, since the books knew them then."""

    def __init__(self, operator_id: str, spec: TableSpec, trade: Trade):
        self._operator_id = operator_id
        self._spec = spec
        self._trade = trade

    def __len__(self) -> int:
        bookings, cancellations = self._trade.bookings, self._trade.cancellations
        tours = len(bookings["item"].unique()) if self._spec.description else 0
        return len(bookings["customer"].unique()) + tours + len(bookings) + len(cancellations)

    def __iter__(self) -> Iterator[Document]:
        yield from self._profiles()
        if self._spec.description:
            yield from self._tours()
        yield from self._bookings()
        yield from self._cancellations()

    def _profiles(self) -> Iterator[Document]:
        """Yield a placeholder per customer, for the Backoffice: no customer counts without a profile."""
        first = self._trade.bookings.drop_duplicates("customer")
        for customer, time in _records(first, "customer", "time"):
            data = {"person_profile_id": customer, "given_name": "Customer", "family_name": customer}
            yield self._document(PersonProfileUpdated, time, data, customer)

    def _tours(self) -> Iterator[Document]:
        items = items_of(self._trade.sales)
        for item, time, name, family, price in _records(items, "item", "time", "name", "family", "price"):
            data = {
                "tour_id": item,
                "family_id": family,
                "name": {"de": name},
                "region": self._spec.region,
                "theme": self._spec.theme,
                "nights": 0,
                "price_from": _money(round(price)),
                "currency": self._spec.currency,
            }
            yield self._document(TourPublished, time, data, item)

    def _bookings(self) -> Iterator[Document]:
        columns = ("booking", "item", "customer", "time", "departure_date", "cents")
        for booking, item, customer, time, departs, cents in _records(self._trade.bookings, *columns):
            data = {
                "booking_id": f"{booking}:{item}",
                "booker_profile_id": customer,
                "tour_id": item,
                "departure_id": f"{item}:{departs:%Y-%m-%d}",
                "departure_date": departs.date(),
                "total_amount": _money(cents),
                "currency": self._spec.currency,
                "sales_channel": SALES_CHANNEL,
                "travellers": [{"person_profile_id": customer}],
            }
            yield self._document(BookingConfirmed, time, data, booking, item)

    def _cancellations(self) -> Iterator[Document]:
        columns = ("booking", "item", "customer", "time", "cents")
        for booking, item, customer, time, cents in _records(self._trade.cancellations, *columns):
            data = {
                "booking_id": f"{booking}:{item}",
                "booker_profile_id": customer,
                "refund_amount": _money(cents),
                "currency": self._spec.currency,
            }
            yield self._document(BookingCancelled, time, data, booking, item)

    def _document(self, payload: type[Payload], time: datetime, data: Document, *key: str) -> Document:
        event_type = TYPES[payload.__name__]
        content = json.dumps([self._operator_id, event_type.name, *key])
        moment = time.replace(tzinfo=UTC)
        return {
            "id": f"import-{hashlib.sha256(content.encode()).hexdigest()[:32]}",
            "source": event_type.source,
            "type": event_type.name,
            "dataversion": event_type.version,
            "time": moment,
            "recordedtime": moment,
            "operatorid": self._operator_id,
            "data": data,
        }


def items_of(sales: pd.DataFrame) -> pd.DataFrame:
    """Return item, time, name, family and price (cents) of each item, as of its first sale.

    The name is the most frequent description (between equals the first of the alphabet, without any the item id).
    The price is the median per piece in the moment of the first sale: later prices were not known then.
    """
    first = sales.drop_duplicates("item").set_index("item", drop=False)
    at_first = sales[sales["time"] == sales["item"].map(first["time"]).astype(sales["time"].dtype)]
    pieces = at_first["quantity"].clip(lower=1) if "quantity" in sales else 1
    price = (at_first["cents"] / pieces).groupby(at_first["item"], observed=True).median()
    items = first[["item", "time"]].assign(price=price, name=_most_frequent(sales, "description"))
    family = _most_frequent(sales, "family") if "family" in sales else items["item"]
    return items.assign(name=items["name"].fillna(items["item"].astype(str)), family=family)


def _most_frequent(sales: pd.DataFrame, column: str) -> "pd.Series[str]":
    counts = sales.groupby(["item", column], observed=True).size().rename("rows").reset_index()
    ordered = counts.astype({column: str}).sort_values(["rows", column], ascending=[False, True])
    return ordered.drop_duplicates("item").set_index("item")[column]


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _records(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield rows as plain Python values; moments come as naive datetimes in UTC."""
    for start in range(0, len(frame), _SLICE):
        part = frame.iloc[start : start + _SLICE]
        yield from zip(*(_values(part[column]) for column in columns), strict=True)


def _values(column: "pd.Series[Any]") -> list[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)
    values = column.to_numpy("datetime64[us]") if column.dtype.kind == "M" else column
    return list(values.tolist())
