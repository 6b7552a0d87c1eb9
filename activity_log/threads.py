"""Talk with a customer: message threads per contact, the messages of one, and the conversations that were rated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.contracts.communications import ConversationResolved, MessageDelivered, MessageRead
from activity_log.ledger import LoggedEvent
from activity_log.merging import one_person
from activity_log.read_models.event_groups import EVENT_GROUPS
from activity_log.timeline import PAGE, TimelineFilter, TimelineRow, timeline

_TALK = TimelineFilter(types=EVENT_GROUPS["messages"] | EVENT_GROUPS["service"])


class Thread(NamedTuple):
    """All messages with one contact of a person: how many, and from when to when."""

    contact_id: str
    delivered: int
    read: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Conversation:
    """A conversation as last reported; not every contact rates it (satisfaction 1-5, nps 0-10)."""

    conversation_id: str
    contact_id: str
    channel: str
    satisfaction: int | None
    nps: int | None
    resolved_at: datetime


def threads_of(connection: Connection, operator_id: str, customer_id: str) -> list[Thread]:
    """Return the threads of a customer and of all who count as the same person, the latest first."""
    messages: dict[str, list[LoggedEvent]] = {}
    for row in _talk(connection, operator_id, customer_id, None):
        if isinstance(row.event.payload, MessageDelivered):
            messages.setdefault(row.event.payload.contact_id, []).append(row.event)
    threads = [_thread(contact_id, events) for contact_id, events in messages.items()]
    return sorted(threads, key=lambda thread: (-thread.last_at.timestamp(), thread.contact_id))


def _thread(contact_id: str, newest_first: list[LoggedEvent]) -> Thread:
    read = sum(isinstance(event.payload, MessageRead) for event in newest_first)
    first_at, last_at = newest_first[-1].occurred_at, newest_first[0].occurred_at
    return Thread(contact_id, len(newest_first) - read, read, first_at, last_at)


def messages_of(
    connection: Connection,
    operator_id: str,
    customer_id: str,
    contact_id: str,
    before: tuple[datetime, int] | None = None,
    limit: int = PAGE,
) -> list[TimelineRow]:
    """Return a page of the messages and conversations with one contact of a customer, newest first.

    before: as in `timeline`.
    """
    found: list[TimelineRow] = []
    for row in _talk(connection, operator_id, customer_id, before):
        payload = row.event.payload
        if isinstance(payload, MessageDelivered | ConversationResolved) and payload.contact_id == contact_id:
            found.append(row)
        if len(found) == limit:
            break
    return found


def conversations_of(connection: Connection, operator_id: str, customer_id: str) -> list[Conversation]:
    """Return the conversations with a customer and all who count as the same person, the latest first."""
    table = schema.conversation
    people = one_person(connection, operator_id, customer_id).members
    query = (
        select(
            table.c.conversation_id,
            table.c.contact_id,
            table.c.channel,
            table.c.satisfaction,
            table.c.nps,
            table.c.occurred_at,
        )
        .where(table.c.operator_id == operator_id, table.c.customer_id.in_(people))
        .order_by(table.c.occurred_at.desc(), table.c.conversation_id)
    )
    return [Conversation(*row) for row in connection.execute(query)]


def _talk(
    connection: Connection, operator_id: str, customer_id: str, before: tuple[datetime, int] | None
) -> Iterator[TimelineRow]:
    while page := timeline(connection, operator_id, customer_id, before, only=_TALK):
        yield from page
        before = (page[-1].event.occurred_at, page[-1].event.seq)
