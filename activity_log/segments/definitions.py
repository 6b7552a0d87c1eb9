"""What the segments of an operator are, in versions: a definition is never changed, only followed by the next."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from activity_log.errors import WrongUseError
from activity_log.segments import tables

Kind = Literal["rule", "list", "cluster"]

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class UnknownSegmentError(WrongUseError):
    """The operator has no such segment."""

    def __init__(self, operator_id: str, segment_id: str, near: tuple[str, ...] = ()):
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `busflow segments list` names all"
        super().__init__(f"operator '{operator_id}' has no segment '{segment_id}'{hint}")


@dataclass(frozen=True)
class Draft:
    """A definition that is to be in force. definition: as in `Segment`."""

    segment_id: str
    kind: Kind
    name_de: str
    name_en: str
    definition: str


@dataclass(frozen=True)
class Segment:
    """A segment as it is defined now.

    definition: of a rule its text, of a learned cluster JSON, of a list the fingerprint of its customers.
    defined_at: when this version came. archived_at: it has no members since; null: it is in use.
    """

    operator_id: str
    segment_id: str
    kind: Kind
    version: int
    name_de: str
    name_en: str
    definition: str
    defined_at: datetime
    archived_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether refreshes keep its members."""
        return self.archived_at is None

    def name_in(self, language: str) -> str:
        """Return its name in `de` or `en`."""
        return self.name_en if language == "en" else self.name_de


def define(connection: Connection, operator_id: str, draft: Draft, now: datetime) -> Segment:
    """Put a definition in force; return the segment. Wants a writing transaction.

    The same definition again changes nothing; another one is the next version; one that was archived is in use again.
    Raises WrongUseError for a malformed id or name, and for an id that belongs to a segment of another kind.
    """
    _check(draft)
    known = find(connection, operator_id, draft.segment_id)
    if known is None:
        row = {"segment_id": draft.segment_id, "kind": draft.kind, "version": 0}
        connection.execute(insert(tables.segment).values(operator_id=operator_id, **row))
    elif known.kind != draft.kind:
        raise WrongUseError(
            f"segment '{draft.segment_id}' is a {known.kind}, not a {draft.kind}: choose another id, or delete it"
        )
    elif known.is_active and _told(known) == _told(draft):
        return known
    version = (known.version if known else 0) + 1
    connection.execute(
        insert(tables.segment_version).values(
            operator_id=operator_id,
            segment_id=draft.segment_id,
            version=version,
            name_de=draft.name_de,
            name_en=draft.name_en,
            definition=draft.definition,
            defined_at=now,
        )
    )
    in_force = update(tables.segment).where(*key_of(tables.segment, operator_id, draft.segment_id))
    connection.execute(in_force.values(version=version, archived_at=None))
    return get(connection, operator_id, draft.segment_id)


def find(connection: Connection, operator_id: str, segment_id: str) -> Segment | None:
    """Return a segment; None: there is none of this id."""
    row = connection.execute(_segments(operator_id).where(tables.segment.c.segment_id == segment_id)).first()
    return _segment(row) if row else None


def get(connection: Connection, operator_id: str, segment_id: str) -> Segment:
    """Return a segment. Raises UnknownSegmentError."""
    found = find(connection, operator_id, segment_id)
    if found is None:
        import difflib

        ids = [one.segment_id for one in listing(connection, operator_id)]
        near = tuple(difflib.get_close_matches(segment_id, ids, n=2))
        raise UnknownSegmentError(operator_id, segment_id, near)
    return found


def listing(connection: Connection, operator_id: str, *, archived: bool = False) -> list[Segment]:
    """Return an operator's segments by their ids; those in use, or with the archived ones."""
    query = _segments(operator_id).order_by(tables.segment.c.segment_id)
    if not archived:
        query = query.where(tables.segment.c.archived_at.is_(None))
    return [_segment(row) for row in connection.execute(query)]


def remove(connection: Connection, operator_id: str, segment_id: str) -> None:
    """Delete a segment with all that was known of it. Whoever is in it is not told: archive it first."""
    connection.execute(delete(tables.segment).where(*key_of(tables.segment, operator_id, segment_id)))


def key_of(table: Any, operator_id: str, segment_id: str) -> tuple[Any, Any]:
    """Return the conditions that name one segment in any of the tables."""
    return table.c.operator_id == operator_id, table.c.segment_id == segment_id


def _check(draft: Draft) -> None:
    if not _ID.fullmatch(draft.segment_id):
        raise WrongUseError(
            f"segment id '{draft.segment_id}': use a-z, 0-9 and -, at most 63 characters, as in high-value-dormant"
        )
    for name in (draft.name_de, draft.name_en):
        if not name.strip() or len(name) > 200 or not name.isprintable():
            raise WrongUseError(f"segment '{draft.segment_id}': a name has 1 to 200 characters on one line")


def _told(one: Segment | Draft) -> tuple[str, str, str]:
    return one.name_de, one.name_en, one.definition


def _segments(operator_id: str) -> Select[Any]:
    segment, version = tables.segment.c, tables.segment_version.c
    of_version = (
        (version.operator_id == segment.operator_id)
        & (version.segment_id == segment.segment_id)
        & (version.version == segment.version)
    )
    return (
        select(
            segment.operator_id, segment.segment_id, segment.kind, segment.version, version.name_de, version.name_en,
            version.definition, version.defined_at, segment.archived_at,
        )
        .join_from(tables.segment, tables.segment_version, of_version)
        .where(segment.operator_id == operator_id)
    )  # fmt: skip


def _segment(row: Row[Any]) -> Segment:
    return Segment(**row._mapping)
