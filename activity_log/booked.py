"""What a customer has booked, read from the log itself, so that it is right the moment the event is in."""

from sqlalchemy import Connection, select

from activity_log import ledger, schema
from activity_log.contracts.commerce import BookingCancelled, BookingConfirmed
from activity_log.merging import one_person


def booked_trips(connection: Connection, operator_id: str, customer_id: str) -> list[BookingConfirmed]:
    """Return the bookings kept that the customer made or travels on, in the order they happened."""
    table = schema.touchpoint
    people = one_person(connection, operator_id, customer_id).members
    query = select(table.c.seq).where(
        table.c.operator_id == operator_id,
        table.c.customer_id.in_(people),
        table.c.type.in_([BookingConfirmed.__name__, BookingCancelled.__name__]),
    )
    seqs = connection.execute(query.distinct().order_by(table.c.occurred_at, table.c.seq)).scalars().all()
    payloads = [event.payload for event in ledger.read_some(connection, seqs)]
    cancelled = {payload.booking_id for payload in payloads if isinstance(payload, BookingCancelled)}
    confirmed = [payload for payload in payloads if isinstance(payload, BookingConfirmed)]
    return [booking for booking in confirmed if booking.booking_id not in cancelled]
