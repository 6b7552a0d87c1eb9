"""What the tests of the outbox tell: triggers about customers, and what the outbox then holds."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from activity_log.contracts.outgoing import EngagementTrigger, Reason
from activity_log.database import Database
from activity_log.ingestion import ingest_events
from activity_log.outbox import Message, put, tables
from activity_log.outbox.delivering import Deliverer, Tally, Terms
from activity_log.outbox.destinations import NewWebhook, add_webhook
from activity_log.outbox.messages import envelope
from activity_log.outbox.sending import BrokerSender, Sender, web_client
from tests.activity_log.stories import NOW, Event

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass
class SetClock:
    """A clock that stands still until somebody moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def trigger(customer: str, cause: str, operator_id: str = "reisen") -> Message:
    """A trigger about one customer, caused by `cause`."""
    payload = EngagementTrigger(
        customer_id=f"c-{customer}",
        person_profile_id=customer,
        as_of=NOW,
        occasion="no_show",
        contact_allowed=True,
        reason=Reason(kind="no_show", evidence={"booking_id": cause}, event_ids=(cause,)),
    )
    return Message(operator_id, cause, payload)


def write_down(database: Database, *messages: Message, now: datetime = NOW) -> int:
    with database.writing() as connection:
        return put(connection, *messages, now=now)


def webhook(database: Database, url: str, *types: str, operator_id: str = "reisen") -> NewWebhook:
    with database.writing() as connection:
        return add_webhook(connection, database.vault, operator_id, url, types, now=NOW)


def happen(database: Database, *events: Event, now: datetime = NOW) -> None:
    """Let events come in live."""
    receipt = ingest_events(database, [json.dumps(event).encode() for event in events], now=now)
    assert not receipt.quarantined


def outbox(database: Database) -> list[dict[str, Any]]:
    """The CloudEvents of the outbox in the order they were written."""
    with database.reading() as connection:
        rows = connection.execute(select(tables.message).order_by(tables.message.c.position)).all()
    return [json.loads(envelope(row)) for row in rows]


def states(database: Database) -> dict[str, list[str]]:
    """The states of all deliveries by destination, in the order of the messages."""
    table = tables.delivery
    found: dict[str, list[str]] = {}
    with database.reading() as connection:
        for row in connection.execute(select(table).order_by(table.c.position)):
            found.setdefault(row.destination_id, []).append(row.state)
    return found


def deliver(
    database: Database,
    clock: Callable[[], datetime],
    *,
    broker: Sender | None = None,
    terms: Terms | None = None,
    lines: list[str] | None = None,
) -> Tally:
    """One run of the deliverer over what is due."""

    async def run() -> Tally:
        async with web_client() as client:
            deliverer = Deliverer(database, client, broker, clock, terms or Terms())
            deliverer.tell = [].append if lines is None else lines.append
            deliverer.chance = random.Random(7)
            try:
                await deliverer.run_once()
            finally:
                if isinstance(broker, BrokerSender):
                    await broker.aclose()
            return deliverer.tally

    return asyncio.run(run())
