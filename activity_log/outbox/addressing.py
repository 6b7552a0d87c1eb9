"""Which message goes to which destination."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, exists, select

from activity_log.outbox import tables
from activity_log.outbox.destinations import BROKER, Destination, add_broker
from activity_log.upserting import insert_for


class Written(NamedTuple):
    """A message that is in the outbox."""

    position: int
    operator_id: str
    customer_id: str
    type: str


WRITTEN = tuple(tables.message.c[name] for name in Written._fields)


def address(
    connection: Connection, messages: Sequence[Written], to: Sequence[Destination], now: datetime
) -> None:
    """Make messages due at each destination that takes them; what is addressed already stays as it is."""
    rows = [
        {
            "destination_id": one.destination_id,
            "position": message.position,
            "customer_id": message.customer_id,
            "state": tables.PENDING,
            "attempts": 0,
            "due_at": now,
        }
        for message in messages
        for one in to
        if one.takes(message.operator_id, message.type)
    ]
    if rows:
        connection.execute(insert_for(connection, tables.delivery).on_conflict_do_nothing(), rows)


def subscribe_broker(connection: Connection, now: datetime) -> None:
    """Make the broker a destination of everything, also of what was written before and is still kept."""
    broker = add_broker(connection, now)
    table = tables.delivery
    is_addressed = exists().where(
        table.c.destination_id == BROKER, table.c.position == tables.message.c.position
    )
    kept = select(*WRITTEN).where(~is_addressed).order_by(tables.message.c.position)
    address(connection, [Written(*row) for row in connection.execute(kept)], [broker], now)
