"""From rows to what happened: bookings, and which of them the cancellation rows give back."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from activity_log.importing.rows import Fate, Rows, code


@dataclass(frozen=True)
class Trade:
    """What a table says.

    bookings: one row per (booking, item) in the order of time, columns of `Rows.frame` with cents and quantity
    summed. cancellations: the columns booking, item, customer of the booking given back, and time, cents of its
    return. sales: the rows that bookings are made of. fates: the final code of every row of the table.
    """

    bookings: pd.DataFrame
    cancellations: pd.DataFrame
    sales: pd.DataFrame
    fates: NDArray[np.int8]


def trade_of(rows: Rows) -> Trade:
    """Gather sales into bookings and match the cancellation rows to them."""
    sales, strangers = _one_customer_each(rows.of(Fate.BOOKED))
    bookings = _bookings(sales)
    returns = rows.of(Fate.CANCELLED)
    matches = list(_matches(bookings, returns))
    fates = rows.fates.copy()
    fates[strangers] = code(Fate.OTHER_CUSTOMER)
    fates[returns.index] = [code(match.fate) for match in matches]
    return Trade(bookings, _cancellations(bookings, returns, matches), sales, fates)


def _one_customer_each(sales: pd.DataFrame) -> tuple[pd.DataFrame, "pd.Index[int]"]:
    """Give bookings numbers in the order of time; leave out rows of another customer than the first row's."""
    items = len(sales["item"].cat.categories)
    key = sales["booking"].cat.codes.astype(np.int64) * items + sales["item"].cat.codes
    number, _ = pd.factorize(key)
    _, first = np.unique(number, return_index=True)
    customer = sales["customer"].cat.codes.to_numpy()
    is_own = customer == customer[first][number]
    return sales.assign(number=number)[is_own], sales.index[~is_own]


def _bookings(sales: pd.DataFrame) -> pd.DataFrame:
    summed = [column for column in ("cents", "quantity") if column in sales]
    totals = sales.groupby("number")[summed].sum()
    return sales.drop_duplicates("number").set_index("number").assign(**totals)


class _Match(NamedTuple):
    """What a return row is, and the place of the booking that it cancels."""

    fate: Fate
    booking: int | None = None


def _matches(bookings: pd.DataFrame, returns: pd.DataFrame) -> Iterator[_Match]:
    """Match each return, in the order of time, to the customer's latest open booking of the item.

    A booking is open if it happened before (or in the same moment) and was not given back yet. The return has
    to be at least as large as the booking, in pieces or, where the table does not count them, in money.
    """
    measure = "quantity" if "quantity" in bookings else "cents"
    waiting = _by_customer_and_item(bookings, returns)
    opened: dict[object, list[int]] = defaultdict(list)
    times, sizes = bookings["time"].to_numpy(), bookings[measure].to_numpy()
    returned = zip(_keys(returns), returns["time"].to_numpy(), returns[measure].abs(), strict=True)
    for key, moment, size in returned:
        stack, future = opened[key], waiting[key]
        while future and times[future[-1]] <= moment:
            stack.append(future.pop())
        if not stack:
            yield _Match(Fate.CANCELLATION_WITHOUT_BOOKING)
        elif size < sizes[stack[-1]]:
            yield _Match(Fate.PARTIAL_RETURN)
        else:
            yield _Match(Fate.CANCELLED, stack.pop())


def _by_customer_and_item(bookings: pd.DataFrame, returns: pd.DataFrame) -> dict[object, list[int]]:
    """Return the places of the bookings that a return could mean, the latest first, so that pop() is cheap."""
    keys = _keys(bookings)
    places: dict[object, list[int]] = defaultdict(list)
    for place in np.flatnonzero(np.isin(keys, _keys(returns)))[::-1]:
        places[keys[place]].append(int(place))
    return places


def _keys(rows: pd.DataFrame) -> NDArray[np.int64]:
    customer: NDArray[np.int64] = np.asarray(rows["customer"].cat.codes, dtype=np.int64)
    item: NDArray[np.int64] = np.asarray(rows["item"].cat.codes, dtype=np.int64)
    return customer * len(rows["item"].cat.categories) + item


def _cancellations(bookings: pd.DataFrame, returns: pd.DataFrame, matches: list[_Match]) -> pd.DataFrame:
    """No more is refunded than was booked: what a return gives back beyond that belongs to no booking."""
    places = [match.booking for match in matches if match.booking is not None]
    given_back = returns[np.array([match.booking is not None for match in matches], dtype=bool)]
    booked = bookings.iloc[places]
    cents = np.minimum(given_back["cents"].abs().to_numpy(), booked["cents"].to_numpy())
    return booked[["booking", "item", "customer"]].assign(time=given_back["time"].to_numpy(), cents=cents)
