"""What was refused at the gate: put aside with its reason and its bytes, and found again.

The bytes may hold names, so they are sealed at rest, and destroyed once the entry is resolved.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select, tuple_

from activity_log import schema
from activity_log.database import vault_of
from activity_log.errors import WrongUseError
from activity_log.gate import Rejected
from activity_log.upserting import insert_for

LONGEST_KIND = 120
_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Entry:
    """An event that was put aside, without its bytes.

    kind: the reason without what is particular to this event. deliveries: how often the same bytes came.
    attempts: how often it was re-submitted and refused again. resolved_at: null while it waits.
    """

    fingerprint: str
    operator_id: str | None
    event_id: str | None
    kind: str
    reason: str
    received_at: datetime
    deliveries: int
    attempts: int
    resolved_at: datetime | None
    resolution: str | None
    resolved_event_id: str | None


@dataclass(frozen=True)
class Which:
    """A choice of entries. kind: how it begins. since: received at this moment or later."""

    operator_id: str | None = None
    kind: str | None = None
    since: datetime | None = None
    resolved: bool = False


@dataclass(frozen=True)
class Tally:
    """How many entries of one operator and kind wait."""

    operator_id: str | None
    kind: str
    entries: int


def put_aside(connection: Connection, rejected: Sequence[Rejected], now: datetime) -> None:
    """Keep what was refused, in the caller's transaction. Bytes that came before are counted, not doubled.

    A delivery of bytes whose entry is resolved changes nothing but that count: what was decided stays decided.
    """
    latest = {fingerprint_of(rejection.raw): rejection for rejection in rejected}
    if not latest:
        return
    deliveries = Counter(fingerprint_of(rejection.raw) for rejection in rejected)
    table = schema.quarantine
    statement = insert_for(connection, table)
    new, waits = statement.excluded, table.c.resolved_at.is_(None)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.fingerprint],
            set_={
                "deliveries": table.c.deliveries + new.deliveries,
                "reason": case((waits, new.reason), else_=table.c.reason),
                "kind": case((waits, new.kind), else_=table.c.kind),
            },
        ),
        [
            {
                "fingerprint": fingerprint,
                "operator_id": rejection.operator_id,
                "event_id": rejection.event_id,
                "reason": rejection.reason,
                "kind": kind_of(rejection.reason),
                "raw": vault_of(connection).seal(rejection.raw, _context(fingerprint)),
                "received_at": now,
                "deliveries": deliveries[fingerprint],
                "attempts": 0,
            }
            for fingerprint, rejection in latest.items()
        ],
    )


def entries(
    connection: Connection, which: Which, *, after: str | None = None, limit: int = 100
) -> list[Entry]:
    """Return entries in the order of their arrival; `after`: the fingerprint the last page ended with."""
    table = schema.quarantine
    query = select(*_COLUMNS).where(*conditions(which))
    if after is not None:
        last = find(connection, after)
        query = query.where(
            tuple_(table.c.received_at, table.c.fingerprint)
            > tuple_(
                last.received_at, last.fingerprint, types=[table.c.received_at.type, table.c.fingerprint.type]
            )
        )
    page = query.order_by(table.c.received_at, table.c.fingerprint).limit(limit)
    return [_entry(row) for row in connection.execute(page)]


def tallies(connection: Connection, which: Which) -> list[Tally]:
    """Count entries by operator and kind, most first."""
    table, count = schema.quarantine, func.count()
    by = (table.c.operator_id, table.c.kind)
    query: Select[Any] = select(*by, count).where(*conditions(which)).group_by(*by)
    return [Tally(*row) for row in connection.execute(query.order_by(count.desc(), *by))]


def find(connection: Connection, fingerprint: str) -> Entry:
    """Return an entry by its fingerprint or how it begins. Raises WrongUseError where that names none or two."""
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise WrongUseError(f"fingerprint '{fingerprint}': give 8 to 64 of its digits, 0-9 and a-f")
    column = schema.quarantine.c.fingerprint
    begins = column.between(fingerprint, fingerprint + "g")  # "g" comes after every digit
    rows = connection.execute(select(*_COLUMNS).where(begins).limit(2)).all()
    if not rows:
        raise WrongUseError(f"fingerprint '{fingerprint}': no such entry; see `busflow quarantine list`")
    if len(rows) > 1:
        raise WrongUseError(f"fingerprint '{fingerprint}': several entries begin like this; give more of it")
    return _entry(rows[0])


def batch(connection: Connection, which: Which, after: str, limit: int) -> dict[Entry, bytes]:
    """Return waiting entries of a choice with their bytes, in the order of fingerprints, those beyond `after`."""
    table = schema.quarantine
    query = select(*_COLUMNS, table.c.raw).where(*conditions(which), table.c.fingerprint > after)
    rows = connection.execute(query.order_by(table.c.fingerprint).limit(limit)).all()
    return {_entry(row[:-1]): _opened(connection, row.fingerprint, row.raw) for row in rows}


def original(connection: Connection, entry: Entry) -> bytes:
    """Return the bytes that came. Raises WrongUseError for a resolved entry, whose bytes are destroyed."""
    refuse_resolved(entry)
    table = schema.quarantine
    raw = connection.execute(select(table.c.raw).where(table.c.fingerprint == entry.fingerprint)).scalar_one()
    return _opened(connection, entry.fingerprint, raw)


def refuse_resolved(entry: Entry) -> None:
    """Raise WrongUseError for a resolved entry."""
    if entry.resolved_at is not None:
        raise WrongUseError(
            f"{entry.fingerprint[:12]} was resolved at {entry.resolved_at:%Y-%m-%d %H:%M} UTC: {entry.resolution}"
        )


def conditions(which: Which) -> list[ColumnElement[bool]]:
    """Return the choice as conditions on the table."""
    table = schema.quarantine
    chosen: list[ColumnElement[bool]] = [
        table.c.resolved_at.is_not(None) if which.resolved else table.c.resolved_at.is_(None)
    ]
    if which.operator_id is not None:
        chosen.append(table.c.operator_id == which.operator_id)
    if which.kind is not None:
        chosen.append(table.c.kind.startswith(which.kind, autoescape=True))
    if which.since is not None:
        chosen.append(table.c.received_at >= which.since)
    return chosen


def fingerprint_of(raw: bytes) -> str:
    """Return the name of an entry: the same bytes have the same one."""
    return hashlib.sha256(raw).hexdigest()


def kind_of(reason: str) -> str:
    """Return what reasons of one sort have in common: the first problem, without what is particular to an event."""
    first = reason.split("; ")[0].split(" (got ")[0]
    without_places = re.sub(r"\.\d+(?=[.:])", ".*", first)
    return re.sub(r"'[^']*'", "…", without_places)[:LONGEST_KIND]


_COLUMNS = tuple(schema.quarantine.c[name] for name in Entry.__dataclass_fields__)


def _entry(row: Sequence[Any]) -> Entry:
    return Entry(*row)


def _opened(connection: Connection, fingerprint: str, sealed: bytes) -> bytes:
    return vault_of(connection).open(sealed, _context(fingerprint))


def _context(fingerprint: str) -> bytes:
    return f"quarantine:{fingerprint}".encode()
