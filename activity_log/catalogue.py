"""What is on sale: tours and departures as the newest catalogue events state them."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from activity_log import ledger, schema
from activity_log.bulk import batches
from activity_log.contracts.commerce import DepartureScheduled, DepartureUpdated, TourPublished
from activity_log.contracts.fields import LocalizedText

_IDS_PER_QUERY = 500


@dataclass(frozen=True)
class Tour:
    """A tour of a season; `family_id` ties the seasons together."""

    tour_id: str
    family_id: str
    name: LocalizedText
    region: str
    theme: str
    nights: int
    price_from: Decimal
    currency: str


@dataclass(frozen=True)
class Departure:
    """One dated departure of a tour. No boarding points: they are not published, not that there are none."""

    departure_id: str
    tour_id: str
    departs_on: date
    boarding_point_ids: frozenset[str]
    seats_total: int
    seats_left: int
    price: Decimal
    currency: str


@dataclass(frozen=True)
class Family:
    """The tours that are one, season after season, by tour_id."""

    family_id: str
    tours: tuple[Tour, ...]


@dataclass(frozen=True)
class Catalogue:
    """An operator's catalogue. `tours`: by tour_id; `departures`: by date, past and sold out ones too."""

    tours: Mapping[str, Tour]
    departures: tuple[Departure, ...]

    def families(self) -> Mapping[str, Family]:
        """Return the families by their ids."""
        tours = sorted(self.tours.values(), key=lambda tour: (tour.family_id, tour.tour_id))
        grouped = groupby(tours, key=lambda tour: tour.family_id)
        return {family_id: Family(family_id, tuple(members)) for family_id, members in grouped}


def catalogue(connection: Connection, operator_id: str) -> Catalogue:
    """Return all tours and departures of the operator."""
    return Catalogue(_tours(connection, operator_id), tuple(_departures(connection, operator_id)))


def catalogue_after(connection: Connection, operator_id: str, known: Catalogue, level: int) -> Catalogue:
    """Return a catalogue that was known at a level (see `catalogue_level`), with what has changed since."""
    tour_ids, departure_ids = _told_after(connection, operator_id, level)
    tours = {**known.tours, **_tours(connection, operator_id, tour_ids)} if tour_ids else known.tours
    if not departure_ids:
        return Catalogue(tours, known.departures)
    fresh = _departures(connection, operator_id, departure_ids)
    kept = (one for one in known.departures if one.departure_id not in departure_ids)
    both = sorted((*kept, *fresh), key=lambda one: (one.departs_on, one.departure_id))
    return Catalogue(tours, tuple(both))


def catalogue_level(connection: Connection, operator_id: str) -> int:
    """Return a number that grows with every catalogue event, 0 before the first. One index look-up."""
    table = schema.event
    of_catalogue = (table.c.operator_id == operator_id, schema.IS_CATALOGUE_EVENT)
    return connection.execute(select(func.max(table.c.seq)).where(*of_catalogue)).scalar() or 0


def _told_after(connection: Connection, operator_id: str, level: int) -> tuple[set[str], set[str]]:
    """Return the tours and the departures that catalogue events after a level are about."""
    table = schema.event
    query = select(table.c.seq).where(
        table.c.operator_id == operator_id, table.c.seq > level, schema.IS_CATALOGUE_EVENT
    )
    told = [one.payload for one in ledger.read_some(connection, connection.execute(query).scalars().all())]
    departures = {one.departure_id for one in told if isinstance(one, DepartureScheduled | DepartureUpdated)}
    return {one.tour_id for one in told if isinstance(one, TourPublished)}, departures


def _tours(
    connection: Connection, operator_id: str, tour_ids: Collection[str] | None = None
) -> dict[str, Tour]:
    table = schema.tour
    query = select(table).where(table.c.operator_id == operator_id).order_by(table.c.tour_id)
    rows = _rows(connection, query, table.c.tour_id, tour_ids)
    return {
        row.tour_id: Tour(
            row.tour_id,
            row.family_id,
            LocalizedText(de=row.name_de, en=row.name_en),
            row.region,
            row.theme,
            row.nights,
            row.price_from,
            row.currency,
        )
        for row in rows
    }


def _rows(
    connection: Connection, query: Select[Any], column: ColumnElement[str], ids: Collection[str] | None
) -> Iterator[Row[Any]]:
    """Return the rows with these ids; None: all."""
    if ids is None:
        yield from connection.execute(query)
        return
    for some in batches(ids, _IDS_PER_QUERY):
        yield from connection.execute(query.where(column.in_(some)))


def _departures(
    connection: Connection, operator_id: str, departure_ids: Collection[str] | None = None
) -> list[Departure]:
    table = schema.departure
    query = select(table).where(table.c.operator_id == operator_id)
    in_order = query.order_by(table.c.departs_on, table.c.departure_id)
    rows = _rows(connection, in_order, table.c.departure_id, departure_ids)
    return [
        Departure(
            row.departure_id,
            row.tour_id,
            row.departs_on,
            frozenset(json.loads(row.boarding_point_ids)),
            row.seats_total,
            row.seats_left,
            row.price,
            row.currency,
        )
        for row in rows
    ]
