"""Who booked which family: what was known at a moment, and what came after it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends.duckdb import Backend

from feature_repo.expressions.clocks import Facts, Known, population
from feature_repo.sources import moments_table
from models.recommender import Attributes, Bookings
from models.recommender.attributes import UNKNOWN

COLUMNS = ("customer_id", "booking_id", "family_id", "occurred_at", "departure_date")
STOP = "boarding_point_id"

SECONDS_PER_DAY = 86_400.0
MICROSECONDS_PER_DAY = 86_400_000_000.0


def interactions(connection: Backend, facts: Facts, as_of: datetime) -> pa.Table:
    """Return every kept booking of every customer, as booker or traveller, as far as was known at `as_of`.

    Columns: customer_id, booking_id, family_id, occurred_at (UTC), departure_date (null for undated items),
    boarding_point_id (null for who does not travel, or boards nowhere in particular).
    """
    customers = ibis.memtable(connection.to_pyarrow(population(facts, moments_table([as_of]))))
    known = Known.of(facts, customers)
    trips = known.trips
    stops = trips.group_by("customer_id", "booking_id").agg(boarding_point_id=trips.boarding_point_id.min())
    rows = known.taken.select(*COLUMNS).left_join(stops, ["customer_id", "booking_id"]).select(*COLUMNS, STOP)
    return connection.to_pyarrow(rows.order_by("occurred_at", "customer_id", "booking_id", "family_id"))


def booked_from(rows: pa.Table, begin: datetime, horizon: timedelta) -> pa.Table:
    """Return the interactions of [begin, begin + horizon). People merged after `begin` appear as who survived."""
    occurred = rows["occurred_at"]
    first, last = (pa.scalar(moment, occurred.type) for moment in (begin, begin + horizon))
    return rows.filter(pc.and_(pc.greater_equal(occurred, first), pc.less(occurred, last)))


def published(connection: Backend, facts: Facts, as_of: datetime) -> pd.DataFrame:
    """Return the families published before `as_of`, as then known of their newest tour, by family_id.

    Columns: family_id, region, theme, nights, price, since_days (since the first tour of the family came out).
    """
    moment = ibis.literal(as_of)
    tours = facts.tours
    known = tours.filter((tours.occurred_at < moment) & (tours.recorded_at < moment))
    columns = ("event_id", "occurred_at", "tour_id", "family_id", "region", "theme", "nights", "price_from")
    frame = connection.to_pyarrow(known.select(*columns)).to_pandas()
    frame = frame.sort_values(["occurred_at", "event_id"])
    first = frame.groupby("family_id")["occurred_at"].min()
    newest = frame.drop_duplicates("tour_id", keep="last").drop_duplicates("family_id", keep="last")
    since = (pd.Timestamp(as_of) - newest["family_id"].map(first)).dt.total_seconds() / SECONDS_PER_DAY
    price = newest["price_from"].astype("float64")
    about = newest[["family_id", "region", "theme", "nights"]].assign(price=price, since_days=since)
    return about.sort_values("family_id", ignore_index=True)


def as_bookings(rows: pa.Table, as_of: datetime, catalogue: pd.DataFrame) -> Bookings:
    """Return interactions before `as_of` as numbered columns, over the families booked or in the catalogue."""
    customers, customer = _numbered(rows["customer_id"])
    booked, family = _numbered(rows["family_id"])
    families = tuple(sorted({*booked, *catalogue["family_id"]}))
    stops, stop = _numbered(rows[STOP])
    place = {name: number for number, name in enumerate(families)}
    return Bookings(
        families=families,
        n_customers=len(customers),
        customer=customer,
        family=np.array([place[name] for name in booked], dtype=np.int64)[family],
        month=pc.fill_null(pc.month(rows["departure_date"]), 0).to_numpy().astype(np.int64),
        age_days=_days_before(as_of, rows["occurred_at"]),
        attributes=_attributes(families, catalogue),
        stops=stops,
        stop=stop,
    )


def customer_ids(rows: pa.Table) -> tuple[str, ...]:
    """Return the customers in the order in which `as_bookings` numbers them."""
    return tuple(sorted(pc.unique(rows["customer_id"]).to_pylist()))


def _numbered(column: pa.ChunkedArray) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the values in alphabetical order and the place of each row's in it, UNKNOWN where it is null."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    words = encoded.dictionary.to_pylist()
    order = sorted(range(len(words)), key=words.__getitem__)
    moved = np.empty(len(words) + 1, dtype=np.int64)
    moved[order] = np.arange(len(words))
    moved[-1] = UNKNOWN
    places = pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False)
    return tuple(words[place] for place in order), moved[places]


def _days_before(as_of: datetime, occurred: pa.ChunkedArray) -> np.ndarray:
    moment = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us")
    ages: np.ndarray = (moment - occurred.to_numpy().astype("datetime64[us]")).astype(np.float64)
    return ages / MICROSECONDS_PER_DAY


def _attributes(families: Sequence[str], catalogue: pd.DataFrame) -> Attributes:
    about = catalogue.set_index("family_id").reindex(families)
    words = [[None if pd.isna(value) else value for value in about[name]] for name in ("region", "theme")]
    numbers = [
        [None if pd.isna(value) else float(value) for value in about[name]]
        for name in ("nights", "price", "since_days")
    ]
    return Attributes.of(*words, *numbers)
