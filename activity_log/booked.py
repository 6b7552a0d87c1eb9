"""Who booked what, and who travels with whom: questions to the read model of bookings."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Row, and_, exists, func, select, union

from activity_log import schema
from activity_log.bulk import batches
from activity_log.merging import one_person, survivors_among

BookingState = Literal["confirmed", "cancelled", "travelled"]

_BOOKING, _SEAT, _CANCELLED, _MISSED = (
    schema.booking, schema.party_member, schema.cancellation, schema.no_show
)  # fmt: skip
_IDS_PER_QUERY = 500


@dataclass(frozen=True)
class Booking:
    """A booking as last confirmed. `customer_id`: the booker; `state`: travelled from the day after departure."""

    booking_id: str
    customer_id: str
    tour_id: str
    departure_id: str
    departure_date: date
    amount: Decimal
    currency: str
    sales_channel: str
    confirmed_at: datetime
    state: BookingState


class PartyMember(NamedTuple):
    """A seat of a booking; `customer_id` is None for a companion nobody named. `no_show`: did not turn up."""

    place: int
    customer_id: str | None
    seat_position: str | None
    boarding_point_id: str | None
    no_show: bool


class Companion(NamedTuple):
    """Somebody who is of the party in `trips` bookings of the person asked about."""

    customer_id: str
    trips: int


def bookings_of(
    connection: Connection, operator_id: str, customer_id: str, today: date | None = None
) -> list[Booking]:
    """Return what a customer, and all who count as the same person, booked or travels on, by time of booking.

    today: by which `travelled` is judged; without it nothing counts as travelled.
    """
    people = one_person(connection, operator_id, customer_id).members
    query = (
        select(_BOOKING, is_cancelled().label("cancelled"))
        .where(
            _BOOKING.c.operator_id == operator_id,
            _BOOKING.c.booking_id.in_(bookings_with(operator_id, people)),
        )
        .order_by(_BOOKING.c.occurred_at, _BOOKING.c.booking_id)
    )
    return [_booking(row, today) for row in connection.execute(query)]


def booked_trips(connection: Connection, operator_id: str, customer_id: str) -> list[Booking]:
    """Return those of `bookings_of` that were not cancelled."""
    return [one for one in bookings_of(connection, operator_id, customer_id) if one.state != "cancelled"]


def party_of(connection: Connection, operator_id: str, booking_id: str) -> list[PartyMember]:
    """Return who travels on a booking as last confirmed, by place; empty for an unknown booking."""
    return parties_of(connection, operator_id, [booking_id]).get(booking_id, [])


def parties_of(
    connection: Connection, operator_id: str, booking_ids: Collection[str]
) -> dict[str, list[PartyMember]]:
    """Return the parties of those of `booking_ids` that are known, each as `party_of` does."""
    missed = exists().where(
        _MISSED.c.operator_id == _SEAT.c.operator_id,
        _MISSED.c.booking_id == _SEAT.c.booking_id,
        _MISSED.c.customer_id == _SEAT.c.customer_id,
    )
    query = (
        select(
            _SEAT.c.booking_id,
            *(_SEAT.c.place, _SEAT.c.customer_id, _SEAT.c.seat_position, _SEAT.c.boarding_point_id, missed),
        )
        .select_from(_BOOKING.join(_SEAT, is_current()))
        .where(_BOOKING.c.operator_id == operator_id)
        .order_by(_SEAT.c.booking_id, _SEAT.c.place)
    )
    parties: defaultdict[str, list[PartyMember]] = defaultdict(list)
    for some in batches(booking_ids, _IDS_PER_QUERY):
        for booking_id, *seat in connection.execute(query.where(_BOOKING.c.booking_id.in_(some))):
            parties[booking_id].append(PartyMember(*seat))
    return dict(parties)


def companions_of(connection: Connection, operator_id: str, customer_id: str) -> list[Companion]:
    """Return who shares bookings, cancelled ones left out, with a person: most trips first, merged people once."""
    person = one_person(connection, operator_id, customer_id)
    query = (
        select(_SEAT.c.booking_id, _SEAT.c.customer_id)
        .select_from(_BOOKING.join(_SEAT, is_current()))
        .where(
            _BOOKING.c.operator_id == operator_id,
            _BOOKING.c.booking_id.in_(bookings_with(operator_id, person.members)),
            is_named(),
            ~is_cancelled(),
        )
    )
    seats = [(row.booking_id, row.customer_id) for row in connection.execute(query)]
    survivor_of = survivors_among(connection, operator_id, {who for _, who in seats})
    each_once = {(booking_id, survivor_of.get(who, who)) for booking_id, who in seats}
    trips = Counter(who for _, who in each_once if who != person.survivor)
    return sorted((Companion(*one) for one in trips.items()), key=lambda one: (-one.trips, one.customer_id))


def bookings_with(operator_id: str, people: Collection[str]) -> CompoundSelect[Any]:
    """Select the bookings that these people made, or travel on as last confirmed."""
    made = select(_BOOKING.c.booking_id).where(
        _BOOKING.c.operator_id == operator_id, _BOOKING.c.customer_id.in_(people)
    )
    travelled = (
        select(_SEAT.c.booking_id)
        .select_from(_BOOKING.join(_SEAT, is_current()))
        .where(_SEAT.c.operator_id == operator_id, _SEAT.c.customer_id.in_(people))
    )
    return union(made, travelled)


def is_current() -> ColumnElement[bool]:
    """Join seats to their booking, if it is as their confirmation states it."""
    return and_(
        _SEAT.c.operator_id == _BOOKING.c.operator_id,
        _SEAT.c.booking_id == _BOOKING.c.booking_id,
        _SEAT.c.event_id == _BOOKING.c.event_id,
    )


def is_named() -> ColumnElement[bool]:
    """Select the seats of whom we know who sits there.

    Told so that no index answers it: SQLite would walk all seats that have a name, whoever is asked for.
    """
    return func.coalesce(_SEAT.c.customer_id, "") != ""


def is_cancelled() -> ColumnElement[bool]:
    """Say of a booking whether it was cancelled."""
    return exists().where(
        _CANCELLED.c.operator_id == _BOOKING.c.operator_id, _CANCELLED.c.booking_id == _BOOKING.c.booking_id
    )


def _booking(row: Row[Any], today: date | None) -> Booking:
    departed = today is not None and row.departure_date < today
    state: BookingState = "cancelled" if row.cancelled else "travelled" if departed else "confirmed"
    return Booking(
        booking_id=row.booking_id,
        customer_id=row.customer_id,
        tour_id=row.tour_id,
        departure_id=row.departure_id,
        departure_date=row.departure_date,
        amount=row.amount,
        currency=row.currency,
        sales_channel=row.sales_channel,
        confirmed_at=row.occurred_at,
        state=state,
    )
