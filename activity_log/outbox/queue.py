"""What is due, who holds it, what became of it. Every change is one short transaction of its own.

A claim is a lease: whoever claims a delivery has until `lease` to say what became of it, then it is due again. So a
deliverer that is killed loses nothing, and two that work at once do not take the same one.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, func, select, update

from activity_log.errors import WrongUseError
from activity_log.outbox import tables
from activity_log.outbox.backoff import BackOff
from activity_log.outbox.messages import envelope

LONGEST_PROBLEM = 300


@dataclass(frozen=True)
class Claimed:
    """A message to bring to one destination. attempt: counts from 1. body: its CloudEvent."""

    destination_id: str
    position: int
    claim: str
    attempt: int
    message_id: str
    operator_id: str
    customer_id: str
    type: str
    body: bytes


def claim(
    connection: Connection, destination_id: str, *, now: datetime, lease: timedelta, limit: int
) -> list[Claimed]:
    """Take up to `limit` messages that are due at a destination, of each customer only the oldest undelivered."""
    table = tables.delivery
    due = _oldest_due(destination_id, now).order_by(table.c.due_at, table.c.position).limit(limit)
    positions = connection.execute(due.with_for_update(skip_locked=True)).scalars().all()
    if not positions:
        return []
    token = secrets.token_hex(8)
    taken = table.c.destination_id == destination_id, table.c.position.in_(positions)
    values = {"claim": token, "due_at": now + lease, "attempts": table.c.attempts + 1}
    connection.execute(update(table).where(*taken).values(values))
    rows = connection.execute(
        select(tables.message, table.c.claim, table.c.attempts)
        .join(table, table.c.position == tables.message.c.position)
        .where(*taken)
        .order_by(table.c.position)
    )
    return [_claimed(destination_id, row) for row in rows]


def delivered(connection: Connection, claimed: Claimed, now: datetime) -> None:
    """Note that the destination has the message, whoever holds it meanwhile."""
    values = {"state": tables.DELIVERED, "settled_at": now, "claim": None, "problem": None}
    connection.execute(update(tables.delivery).where(*_key(claimed)).values(values))


def failed(
    connection: Connection,
    claimed: Claimed,
    problem: str,
    *,
    now: datetime,
    back_off: BackOff,
    chance: random.Random,
) -> timedelta | None:
    """Note that an attempt failed; return how long the message waits now. None: it is dead.

    Changes nothing if the lease ran out and somebody else has taken the message.
    """
    wait = back_off.wait(claimed.attempt, chance)
    values: dict[str, Any] = {"claim": None, "problem": problem[:LONGEST_PROBLEM]}
    if wait is None:
        values |= {"state": tables.DEAD, "settled_at": now}
    else:
        values |= {"due_at": now + wait}
    still_ours = tables.delivery.c.claim == claimed.claim
    noted = connection.execute(update(tables.delivery).where(*_key(claimed), still_ours).values(values))
    if noted.rowcount and wait is not None:
        _postpone_later_ones(connection, claimed, now + wait)
    return wait


def _postpone_later_ones(connection: Connection, claimed: Claimed, until: datetime) -> None:
    """Let what the customer is told next wait as long: nobody need look at it before."""
    table = tables.delivery
    connection.execute(
        update(table)
        .where(
            table.c.destination_id == claimed.destination_id,
            table.c.customer_id == claimed.customer_id,
            tables.pending(table),
            table.c.position > claimed.position,
            table.c.due_at < until,
        )
        .values(due_at=until)
    )


def is_due(connection: Connection, destination_id: str, now: datetime) -> bool:
    """Say whether anything can be claimed for a destination."""
    return connection.execute(_oldest_due(destination_id, now).limit(1)).first() is not None


def retry(connection: Connection, message_id: str | None, now: datetime) -> int:
    """Make dead deliveries due again, with all their attempts before them; return how many. None: all.

    Raises WrongUseError for a message that is not dead anywhere.
    """
    table = tables.delivery
    statement = update(table).where(table.c.state == tables.DEAD)
    if message_id is not None:
        position = select(tables.message.c.position).where(tables.message.c.message_id == message_id)
        statement = statement.where(table.c.position.in_(position))
    values = {"state": tables.PENDING, "attempts": 0, "due_at": now, "settled_at": None, "claim": None}
    revived = connection.execute(statement.values(values)).rowcount
    if message_id is not None and not revived:
        raise WrongUseError(f"'{message_id}' is no dead letter; `busflow outbox list --dead` names them")
    return revived


def prune(connection: Connection, before: datetime) -> int:
    """Delete messages written before a moment that nobody waits for any more; return how many. Dead letters stay."""
    message, table = tables.message, tables.delivery
    open_still = exists().where(table.c.position == message.c.position, table.c.state != tables.DELIVERED)
    old = select(message.c.position).where(message.c.written_at < before, ~open_still)
    positions = connection.execute(old).scalars().all()
    for start in range(0, len(positions), 500):
        some = positions[start : start + 500]
        connection.execute(delete(table).where(table.c.position.in_(some)))
        connection.execute(delete(message).where(message.c.position.in_(some)))
    return len(positions)


def listing(
    connection: Connection, *, operator_id: str | None = None, dead_only: bool = False, limit: int = 100
) -> Sequence[Row[Any]]:
    """Return messages with what became of them at each destination, the newest first.

    A message that no destination takes comes once, with state None.
    """
    message, table = tables.message, tables.delivery
    columns = [table.c[name] for name in ("destination_id", "state", "attempts", "due_at", "problem")]
    query = select(
        message.c.message_id, message.c.operator_id, message.c.type, message.c.customer_id,
        message.c.written_at, *columns
    ).outerjoin(table, table.c.position == message.c.position)  # fmt: skip
    if operator_id is not None:
        query = query.where(message.c.operator_id == operator_id)
    if dead_only:
        query = query.where(table.c.state == tables.DEAD)
    newest = query.order_by(message.c.position.desc(), table.c.destination_id)
    return connection.execute(newest.limit(limit)).all()


def waiting(connection: Connection, destination_id: str) -> int:
    """Return how many messages a destination still has to be told."""
    table = tables.delivery
    query = select(func.count()).where(
        table.c.destination_id == destination_id, table.c.state == tables.PENDING
    )
    return connection.execute(query).scalar_one()


def _oldest_due(destination_id: str, now: datetime) -> Select[tuple[int]]:
    table, earlier = tables.delivery, tables.delivery.alias()
    is_behind = exists().where(
        earlier.c.destination_id == destination_id,
        earlier.c.customer_id == table.c.customer_id,
        tables.pending(earlier),
        earlier.c.position < table.c.position,
    )
    return select(table.c.position).where(
        table.c.destination_id == destination_id, tables.pending(table), table.c.due_at <= now, ~is_behind
    )


def _key(claimed: Claimed) -> tuple[ColumnElement[bool], ...]:
    table = tables.delivery
    return table.c.destination_id == claimed.destination_id, table.c.position == claimed.position


def _claimed(destination_id: str, row: Row[Any]) -> Claimed:
    return Claimed(
        destination_id=destination_id,
        position=row.position,
        claim=row.claim,
        attempt=row.attempts,
        message_id=row.message_id,
        operator_id=row.operator_id,
        customer_id=row.customer_id,
        type=row.type,
        body=envelope(row),
    )
