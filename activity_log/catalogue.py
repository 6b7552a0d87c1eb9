"""What is on sale: tours and departures as the newest catalogue events state them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from sqlalchemy import Connection, func, select

from activity_log import schema
from activity_log.contracts.fields import LocalizedText


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
    return Catalogue(_tours(connection, operator_id), _departures(connection, operator_id))


def catalogue_level(connection: Connection, operator_id: str) -> int:
    """Return a number that grows with every catalogue event, 0 before the first. One index look-up."""
    table = schema.event
    of_catalogue = (table.c.operator_id == operator_id, schema.IS_CATALOGUE_EVENT)
    return connection.execute(select(func.max(table.c.seq)).where(*of_catalogue)).scalar() or 0


def _tours(connection: Connection, operator_id: str) -> dict[str, Tour]:
    table = schema.tour
    rows = connection.execute(
        select(table).where(table.c.operator_id == operator_id).order_by(table.c.tour_id)
    )
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


def _departures(connection: Connection, operator_id: str) -> tuple[Departure, ...]:
    table = schema.departure
    query = select(table).where(table.c.operator_id == operator_id)
    rows = connection.execute(query.order_by(table.c.departs_on, table.c.departure_id))
    return tuple(
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
    )
