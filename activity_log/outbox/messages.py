"""Writing messages, and the envelope they travel in."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from activity_log.contracts.outgoing import OUTGOING_TYPES, SOURCE, Outgoing
from activity_log.json_texts import canonical_json
from activity_log.outbox import tables
from activity_log.outbox.addressing import WRITTEN, Written, address
from activity_log.outbox.destinations import destinations
from activity_log.upserting import insert_for

ENVELOPE_TYPE = "application/cloudevents+json"


@dataclass(frozen=True)
class Message:
    """Something to tell. `cause`: the id of what caused it; where one cause concerns many, it names the customer too.

    The same cause never gives a second message of the same type.
    """

    operator_id: str
    cause: str
    payload: Outgoing

    @property
    def type(self) -> str:
        """The name of the payload's type."""
        return type(self.payload).__name__

    @property
    def message_id(self) -> str:
        """The id consumers know it by, the same however often the cause is handled."""
        named = json.dumps([self.operator_id, self.type, self.cause]).encode()
        return f"ci-{hashlib.blake2b(named, digest_size=16).hexdigest()}"


def put(connection: Connection, *messages: Message, now: datetime) -> int:
    """Write messages in the caller's transaction, for every destination that takes them; return how many are new.

    Messages whose cause was told already change nothing. Commit, and they will be delivered; roll back, and they
    never were.
    """
    if not messages:
        return 0
    statement = insert_for(connection, tables.message).on_conflict_do_nothing().returning(*WRITTEN)
    rows = connection.execute(statement, [_row(message, now) for message in messages])
    written = [Written(*row) for row in rows]
    if written:
        address(connection, written, destinations(connection), now)
    return len(written)


def envelope(row: Row[Any]) -> bytes:
    """Return a row of `outbox_message` as CloudEvent in JSON, to the byte the same each time it is sent."""
    event = {
        "specversion": "1.0",
        "id": row.message_id,
        "source": SOURCE,
        "type": row.type,
        "subject": row.customer_id,
        "time": row.as_of.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "operatorid": row.operator_id,
        "dataversion": row.data_version,
        "partitionkey": row.customer_id,
        "sequence": f"{row.position:019d}",
        "data": json.loads(row.data),
    }
    return canonical_json(event).encode()


def _row(message: Message, now: datetime) -> dict[str, Any]:
    payload = message.payload
    return {
        "message_id": message.message_id,
        "operator_id": message.operator_id,
        "customer_id": payload.customer_id,
        "type": message.type,
        "data_version": OUTGOING_TYPES[message.type].version,
        "as_of": payload.as_of,
        "data": canonical_json(payload.model_dump(mode="json")),
        "written_at": now,
    }
