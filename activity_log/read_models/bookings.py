"""Bookings and their parties. A booking confirmed again is replaced; once cancelled it stays cancelled."""

from collections.abc import Iterable
from typing import cast

from activity_log import schema
from activity_log.bulk import Keep, Row
from activity_log.contracts.commerce import BookingCancelled, BookingConfirmed, BookingNoShow
from activity_log.folding import Fold, Projection
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator


def _bookings(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    booking = cast("BookingConfirmed", event.payload)
    yield (
        event.operator_id,
        booking.booking_id,
        operator.pseudonym(booking.booker_profile_id),
        booking.tour_id,
        booking.departure_id,
        booking.departure_date.isoformat(),
        str(booking.total_amount),
        booking.currency,
        booking.sales_channel,
        event.occurred_us,
        event.event_id,
    )


def _party(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    booking = cast("BookingConfirmed", event.payload)
    for place, traveller in enumerate(booking.travellers, start=1):
        person = traveller.person_profile_id
        yield (
            event.operator_id,
            booking.booking_id,
            event.event_id,
            place,
            operator.pseudonym(person) if person else None,
            traveller.seat_position,
            traveller.boarding_point_id,
        )


def _cancellations(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    cancelled = cast("BookingCancelled", event.payload)
    yield (
        event.operator_id,
        cancelled.booking_id,
        operator.pseudonym(cancelled.booker_profile_id),
        str(cancelled.refund_amount),
        cancelled.currency,
        event.occurred_us,
        event.event_id,
    )


def _no_shows(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    missed = cast("BookingNoShow", event.payload)
    yield (
        event.operator_id,
        missed.booking_id,
        operator.pseudonym(missed.person_profile_id),
        event.occurred_us,
        event.event_id,
    )


BOOKINGS = Projection(
    "bookings",
    (
        Fold(schema.booking, Keep.LATEST, frozenset({"BookingConfirmed"}), _bookings),
        Fold(schema.party_member, Keep.FIRST, frozenset({"BookingConfirmed"}), _party),
        Fold(schema.cancellation, Keep.FIRST, frozenset({"BookingCancelled"}), _cancellations),
        Fold(schema.no_show, Keep.LATEST, frozenset({"BookingNoShow"}), _no_shows),
    ),
)
