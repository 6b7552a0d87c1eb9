"""The CustomerActivityLog itself: append, and read back in the words of today."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from activity_log import schema
from activity_log.contracts.fields import Payload
from activity_log.contracts.types import TYPES, EventType
from activity_log.contracts.upcasting import UPCASTS, upcast
from activity_log.gate import Accepted

_BATCH = 500


@dataclass(frozen=True)
class LoggedEvent:
    """An event of the log. `seq`: its place in the order of arrival. `payload`: in the current version."""

    seq: int
    operator_id: str
    event_id: str
    event_type: EventType
    occurred_at: datetime
    recorded_at: datetime
    payload: Payload


def append(connection: Connection, accepted: Sequence[Accepted]) -> list[LoggedEvent]:
    """Append those events whose id the operator has not used yet, and return them as logged.

    Call it in a writing transaction. An id seen before changes nothing, within the batch too.
    """
    fresh: dict[tuple[str, str], Accepted] = {}
    known = _known_ids(connection, accepted)
    for event in accepted:
        key = (event.operator_id, event.event_id)
        if key not in known:
            fresh.setdefault(key, event)
    if not fresh:
        return []
    first = _next_seq(connection)
    logged = [_logged(first + place, event) for place, event in enumerate(fresh.values())]
    connection.execute(
        insert(schema.event),
        [_row(entry.seq, event) for entry, event in zip(logged, fresh.values(), strict=True)],
    )
    return logged


def read(
    connection: Connection,
    operator_id: str,
    *,
    after: int = 0,
    types: Iterable[str] | None = None,
    chunk: int = 5_000,
) -> Iterator[list[LoggedEvent]]:
    """Yield an operator's events with seq > `after` in the order of arrival, in lists of at most `chunk`.

    types: current type names to keep; events logged under older names of these types come too.
    """
    table = schema.event
    wanted = None if types is None else _with_old_names(types)
    while True:
        query = select(table).where(table.c.operator_id == operator_id, table.c.seq > after)
        if wanted is not None:
            query = query.where(table.c.type.in_(wanted))
        rows = connection.execute(query.order_by(table.c.seq).limit(chunk)).all()
        if not rows:
            return
        yield [_from_row(row) for row in rows]
        after = rows[-1].seq


def read_some(connection: Connection, seqs: Sequence[int]) -> list[LoggedEvent]:
    """Return the events of these places, in that order of places."""
    table = schema.event
    rows = connection.execute(select(table).where(table.c.seq.in_(seqs))).all()
    by_seq = {row.seq: _from_row(row) for row in rows}
    return [by_seq[seq] for seq in seqs]


def last_seq(connection: Connection, operator_id: str) -> int:
    """Return the place of the operator's newest event, 0 if there is none."""
    table = schema.event
    query = select(table.c.seq).where(table.c.operator_id == operator_id)
    return connection.execute(query.order_by(table.c.seq.desc()).limit(1)).scalar() or 0


def _known_ids(connection: Connection, accepted: Sequence[Accepted]) -> set[tuple[str, str]]:
    table = schema.event
    known: set[tuple[str, str]] = set()
    for operator_id in {event.operator_id for event in accepted}:
        ids = [event.event_id for event in accepted if event.operator_id == operator_id]
        for start in range(0, len(ids), _BATCH):
            query = select(table.c.event_id).where(
                table.c.operator_id == operator_id, table.c.event_id.in_(ids[start : start + _BATCH])
            )
            known |= {(operator_id, event_id) for event_id in connection.execute(query).scalars()}
    return known


def _next_seq(connection: Connection) -> int:
    query = select(schema.event.c.seq).order_by(schema.event.c.seq.desc()).limit(1)
    return (connection.execute(query).scalar() or 0) + 1


def _logged(seq: int, event: Accepted) -> LoggedEvent:
    return LoggedEvent(
        seq,
        event.operator_id,
        event.event_id,
        event.event_type,
        event.occurred_at,
        event.recorded_at,
        event.payload,
    )


def _row(seq: int, event: Accepted) -> dict[str, object]:
    columns = (
        "operator_id", "event_id", "source", "type", "data_version", "occurred_at", "recorded_at", "data"
    )  # fmt: skip
    return {"seq": seq} | {column: getattr(event, column) for column in columns}


def _from_row(row: Row[Any]) -> LoggedEvent:
    current = upcast(row.type, row.data_version, json.loads(row.data))
    if current is None:
        raise LookupError(f"event {row.seq} is of type {row.type} v{row.data_version}, which nothing reads")
    payload = current.event_type.payload.model_validate(current.data)
    return LoggedEvent(
        row.seq,
        row.operator_id,
        row.event_id,
        current.event_type,
        row.occurred_at,
        row.recorded_at,
        payload,
    )


def _with_old_names(types: Iterable[str]) -> list[str]:
    names = set(types)
    unknown = names - TYPES.keys()
    if unknown:
        raise LookupError(f"no such event types: {sorted(unknown)}")
    return sorted(names | {old for (old, _), step in UPCASTS.items() if step.type in names})
