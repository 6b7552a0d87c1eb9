"""Which departure is to be filled, and whom of all customers one may invite to it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from activity_log.catalogue import Catalogue, Departure, Tour
from activity_log.errors import BusflowError
from activity_log.reading import all_customers
from activity_log.segments.definitions import get
from activity_log.segments.reach import NOBODY, Reach, reach_of
from activity_log.segments.reading import members
from activity_log.travels import travelling
from serving.offers import is_open
from serving.recommending import UnknownTourError


class UnknownDepartureError(BusflowError):
    """No departure of this id was published."""


class NotBookableError(BusflowError):
    """The departure is over or sold out, or has no stop; or a tour has no departure that can be booked."""


class Target(NamedTuple):
    """The departure people are invited to, and its days, the last included."""

    tour: Tour
    departure: Departure
    last_day: date


class Invitable(NamedTuple):
    """Whom one may invite, and how; and how many were left out, each by the first of these that holds."""

    customers: Sequence[str]
    reach: dict[str, Reach]
    everybody: int
    other_segment: int
    no_consent: int
    already_travelling: int
    not_by_channel: int


def target(known: Catalogue, departure_id: str | None, tour_id: str | None, now: datetime) -> Target:
    """Return the departure named, or the soonest of the tour that can be booked.

    Raises UnknownDepartureError, UnknownTourError, and NotBookableError.
    """
    if departure_id is None:
        return _next_of(known, tour_id or "", now)
    departure = next((one for one in known.departures if one.departure_id == departure_id), None)
    if departure is None or departure.tour_id not in known.tours:
        raise UnknownDepartureError(f"unknown departure '{departure_id}'")
    if departure.departs_on <= now.date():
        raise NotBookableError(
            f"departure '{departure_id}' left on {departure.departs_on}: nobody can be invited"
        )
    if not is_open(departure, now.date()):
        why = "has no stop" if departure.seats_left > 0 else "is sold out"
        raise NotBookableError(f"departure '{departure_id}' {why}: nobody can be invited")
    return _target(known, departure)


def _next_of(known: Catalogue, tour_id: str, now: datetime) -> Target:
    if tour_id not in known.tours:
        raise UnknownTourError(f"unknown tour '{tour_id}'")
    for departure in known.departures:
        if departure.tour_id == tour_id and is_open(departure, now.date()):
            return _target(known, departure)
    raise NotBookableError(f"tour '{tour_id}' has no departure that can be booked: nobody can be invited")


def _target(known: Catalogue, departure: Departure) -> Target:
    tour = known.tours[departure.tour_id]
    return Target(tour, departure, departure.departs_on + timedelta(days=tour.nights))


def invitable(
    connection: Connection,
    operator_id: str,
    asked: Target,
    nights_of: dict[str, int],
    segment_id: str | None,
    channel: str | None,
) -> Invitable:
    """Return whom one may invite: consent to marketing, free on those days, in the segment, reachable by the channel.

    Raises UnknownSegmentError.
    """
    everybody = all_customers(connection, operator_id)
    inside = everybody if segment_id is None else _inside(connection, operator_id, segment_id, everybody)
    reach = reach_of(connection, operator_id, inside)
    allowed = [one for one in inside if reach.get(one, NOBODY).contact_allowed]
    away = travelling(connection, operator_id, asked.departure.departs_on, asked.last_day, nights_of)
    free = [one for one in allowed if one not in away]
    by_channel = [one for one in free if channel is None or channel in reach[one].channels]
    return Invitable(
        customers=by_channel,
        reach=reach,
        everybody=len(everybody),
        other_segment=len(everybody) - len(inside),
        no_consent=len(inside) - len(allowed),
        already_travelling=len(allowed) - len(free),
        not_by_channel=len(free) - len(by_channel),
    )


def _inside(
    connection: Connection, operator_id: str, segment_id: str, everybody: Collection[str]
) -> list[str]:
    get(connection, operator_id, segment_id)
    belonging = set(members(connection, operator_id, segment_id))
    return [one for one in everybody if one in belonging]
