"""The CustomerActivityLog itself: append, and read back in the words of today."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Row, select, type_coerce

from activity_log import schema
from activity_log.bulk import Keep, insert_rows, run
from activity_log.contracts.fields import Payload, personal_fields
from activity_log.contracts.types import TYPES, EventType
from activity_log.contracts.upcasting import ROUTES, upcast
from activity_log.event_ids import note_ids
from activity_log.moments import from_microseconds
from activity_log.partitions import make_partitions
from activity_log.person_keys import NO_KEY, Person, PersonKey, keys_for_writing, known_keys
from activity_log.personal import join

EventKey = tuple[str, str]
"""operator_id, event_id"""


class LoggedEvent(NamedTuple):
    """An event of the log. Moments are microseconds since 1970.

    seq: its place in the order of arrival; there may be gaps. payload: in the current version. erased: its personal
    fields are forgotten, and empty or null in the payload.
    """

    seq: int
    operator_id: str
    event_id: str
    event_type: EventType
    occurred_us: int
    recorded_us: int
    payload: Payload
    erased: bool = False

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""
        return from_microseconds(self.occurred_us)

    @property
    def recorded_at(self) -> datetime:
        """When we learned of it."""
        return from_microseconds(self.recorded_us)


Line = tuple[str, str, str, str, int, int, int, str]
"""An event ready to be appended: the columns of `event` from operator_id to data, in their order.

A bare tuple, since a million of them go from process to process.
"""

_OPERATOR: Final = 0
_EVENT_ID: Final = 1
_OCCURRED: Final = 5
_RECORDED: Final = 6


class Private(NamedTuple):
    """The private part of the line at `place`, and whose it is."""

    place: int
    owner: str
    text: str


@dataclass(frozen=True)
class Appended:
    """What became of lines: line `place` is event `first_seq + place`, unless its place is among those named.

    duplicates: the operator has used this event id before. erased: appended without its private part, since the
    person it is about was forgotten after it happened.
    """

    first_seq: int
    duplicates: frozenset[int]
    erased: frozenset[int]


def append(connection: Connection, lines: Sequence[Line], privates: Iterable[Private]) -> Appended:
    """Append those lines whose event id the operator has not used yet. Call it in a writing transaction.

    An id seen before changes nothing, within the lines too.
    """
    first = _next_seq(connection)
    duplicates = note_ids(connection, [line[:2] for line in lines], first)
    fresh = [private for private in privates if private.place not in duplicates]
    seals = _seals(connection, lines, fresh)
    owners_of = {private.place: private.owner for private in fresh}
    rows = [
        (first + place, *line, owners_of.get(place), seals.get(place))
        for place, line in enumerate(lines)
        if place not in duplicates
    ]
    make_partitions(connection, (line[_RECORDED] for line in lines))
    insert_rows(connection, schema.event, rows, Keep.NEW)
    return Appended(first, duplicates, frozenset(p.place for p in fresh if p.place not in seals))


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
    for rows in read_rows(connection, operator_id, after=after, types=types, chunk=chunk):
        yield events_of(connection, rows)


def read_rows(
    connection: Connection,
    operator_id: str,
    *,
    after: int = 0,
    types: Iterable[str] | None = None,
    chunk: int = 5_000,
) -> Iterator[Sequence[Row[Any]]]:
    """Yield what `read` reads as the rows of `event`, moments in microseconds."""
    table = schema.event
    wanted = None if types is None else _with_old_names(types)
    while True:
        query = select(*_COLUMNS).where(table.c.operator_id == operator_id, table.c.seq > after)
        if wanted is not None:
            query = query.where(table.c.type.in_(wanted))
        rows = connection.execute(query.order_by(table.c.seq).limit(chunk)).all()
        if not rows:
            return
        yield rows
        after = rows[-1].seq


def read_some(connection: Connection, seqs: Sequence[int]) -> list[LoggedEvent]:
    """Return the events of these places, in that order of places."""
    rows = connection.execute(select(*_COLUMNS).where(schema.event.c.seq.in_(seqs))).all()
    by_seq = {event.seq: event for event in events_of(connection, rows)}
    return [by_seq[seq] for seq in seqs]


def last_seq(connection: Connection, operator_id: str) -> int:
    """Return the place of the operator's newest event, 0 if there is none."""
    table = schema.event
    query = select(table.c.seq).where(table.c.operator_id == operator_id)
    return connection.execute(query.order_by(table.c.seq.desc()).limit(1)).scalar() or 0


def events_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[LoggedEvent]:
    """Turn rows of `event` into events."""
    return [event_of(text) for text in texts_of(connection, rows)]


class EventText(NamedTuple):
    """An event as the log keeps it, but opened. private: what was sealed. erased: there was a seal, now forgotten."""

    seq: int
    operator_id: str
    event_id: str
    type: str
    data_version: int
    occurred_us: int
    recorded_us: int
    data: str
    private: str | None
    erased: bool


def texts_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[EventText]:
    """Open the seals of rows of `event`, by the keys that are there."""
    owners = {(row.operator_id, row.sealed_for) for row in rows if row.sealed_for is not None}
    keys = known_keys(connection, owners) if owners else {}
    return [_text(row, keys) for row in rows]


def event_of(text: EventText) -> LoggedEvent:
    """Put an event into the words of today."""
    event_type = TYPES.get(text.type)
    is_public = text.private is None and not text.erased
    if is_public and event_type is not None and event_type.version == text.data_version:
        return _logged(text, event_type, event_type.payload.model_validate_json(text.data))
    private = json.loads(text.private) if text.private is not None else {}
    current = upcast(text.type, text.data_version, join(json.loads(text.data), private))
    if current is None:
        raise LookupError(
            f"event {text.seq} is of type {text.type} v{text.data_version}, which nothing reads"
        )
    event_type = current.event_type
    data = _without_personal(event_type.payload) | current.data if text.erased else current.data
    return _logged(text, event_type, event_type.payload.model_validate(data))


_COLUMNS = tuple(
    type_coerce(column, BigInteger).label(column.name)
    if isinstance(column.type, schema.UtcMoment)
    else column
    for column in schema.event.c
)


def _text(row: Row[Any], keys: Mapping[Person, PersonKey]) -> EventText:
    columns: tuple[Any, ...] = tuple(row)
    seq, operator_id, event_id, _, name, version, occurred_us, recorded_us, data, sealed_for, sealed = columns
    private = None
    if sealed_for is not None and sealed is not None:
        private = keys.get((operator_id, sealed_for), NO_KEY).open(sealed, event_id)
    erased = sealed_for is not None and private is None
    return EventText(
        seq, operator_id, event_id, name, version, occurred_us, recorded_us, data, private, erased
    )


def _logged(text: EventText, event_type: EventType, payload: Payload) -> LoggedEvent:
    return LoggedEvent(
        text.seq,
        text.operator_id,
        text.event_id,
        event_type,
        text.occurred_us,
        text.recorded_us,
        payload,
        text.erased,
    )


def _without_personal(payload_type: type[Payload]) -> dict[str, str]:
    """Return what stands for the personal fields that cannot be left out."""
    fields = payload_type.model_fields
    return {name: "" for name in personal_fields(payload_type) if fields[name].is_required()}


def _next_seq(connection: Connection) -> int:
    return (run(connection, "SELECT max(seq) FROM event", ()).scalar() or 0) + 1


def _seals(connection: Connection, lines: Sequence[Line], privates: Sequence[Private]) -> dict[int, bytes]:
    """Seal private parts, each under the key of its owner; what is forgotten already has no seal."""
    moments: dict[Person, list[int]] = {}
    for private in privates:
        line = lines[private.place]
        moments.setdefault((line[_OPERATOR], private.owner), []).append(line[_OCCURRED])
    keys = keys_for_writing(connection, moments) if moments else {}
    seals = {}
    for place, owner, text in privates:
        line = lines[place]
        key = keys.get((line[_OPERATOR], owner), NO_KEY)
        if key.cipher is not None and not key.forgets(line[_OCCURRED]):
            seals[place] = key.seal(text, line[_EVENT_ID])
    return seals


def _with_old_names(types: Iterable[str]) -> list[str]:
    names = set(types)
    unknown = names - TYPES.keys()
    if unknown:
        raise LookupError(f"no such event types: {sorted(unknown)}")
    return sorted({name for (name, _), route in ROUTES.items() if route.event_type.name in names})
