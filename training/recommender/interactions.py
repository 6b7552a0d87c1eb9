"""Who booked which family: what was known at a moment, and what came after it."""

from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
from ibis.backends.duckdb import Backend

from feature_repo.expressions.clocks import Facts, population
from feature_repo.expressions.taste import trips_with_family
from feature_repo.sources import moments_table
from models.recommender import Bookings, bookings_of

COLUMNS = ("customer_id", "booking_id", "family_id", "occurred_at", "departure_date")

SECONDS_PER_DAY = 86_400.0


def interactions(connection: Backend, facts: Facts, as_of: datetime) -> pa.Table:
    """Return every kept booking of every customer, as booker or traveller, as far as was known at `as_of`.

    Columns: customer_id, booking_id, family_id, occurred_at (UTC), departure_date (null for undated items).
    """
    customers = ibis.memtable(connection.to_pyarrow(population(facts, moments_table([as_of]))))
    rows = trips_with_family(facts, customers).select(*COLUMNS)
    return connection.to_pyarrow(rows.order_by("occurred_at", "customer_id", "booking_id", "family_id"))


def booked_within(
    connection: Backend, facts: Facts, as_of: datetime, horizon: timedelta, until: datetime
) -> pa.Table:
    """Return the interactions of [as_of, as_of + horizon), as known by `until`, cancelled bookings aside.

    People merged after `as_of` appear as the surviving customer.
    """
    rows = ibis.memtable(interactions(connection, facts, until))
    window = (rows.occurred_at >= ibis.literal(as_of)) & (rows.occurred_at < ibis.literal(as_of + horizon))
    return connection.to_pyarrow(rows.filter(window))


def as_bookings(rows: pa.Table, as_of: datetime) -> Bookings:
    """Return interactions that lie before `as_of` as numbered columns."""
    occurred = rows["occurred_at"].to_numpy().astype("datetime64[us]")
    age = (np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us") - occurred) / np.timedelta64(
        1, "s"
    )
    return bookings_of(
        rows["customer_id"].to_pylist(), rows["family_id"].to_pylist(), _months(rows), age / SECONDS_PER_DAY
    )


def customer_ids(rows: pa.Table) -> tuple[str, ...]:
    """Return the customers in the order in which `as_bookings` numbers them."""
    return tuple(sorted(set(rows["customer_id"].to_pylist())))


def usual_months(bookings: Bookings) -> np.ndarray:
    """Return the month each customer travels in most often, (customers,): ties to the earlier, 0 for unknown."""
    seen = np.zeros((bookings.n_customers, 13), dtype=np.int64)
    np.add.at(seen, (bookings.customer, bookings.month), 1)
    seen[:, 0] = 0
    months: np.ndarray = seen.argmax(axis=1)
    return months


def _months(rows: pa.Table) -> np.ndarray:
    departures = rows["departure_date"].to_pylist()
    return np.array([0 if day is None else day.month for day in departures], dtype=np.int64)
