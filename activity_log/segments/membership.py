"""Writing down who is in a segment: the change of membership and what marketing is told of it, in one transaction.

So a refresh that is killed has either told everybody of a segment, or nobody; run again, it goes on with the rest.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from activity_log.contracts.fields import LocalizedText
from activity_log.contracts.outgoing import CustomerSegmentChanged, ModelVersion, Reason
from activity_log.errors import BusflowError, WrongUseError
from activity_log.merging import merged_away
from activity_log.moments import microseconds
from activity_log.outbox.messages import Message, put
from activity_log.segments import tables
from activity_log.segments.definitions import Segment, get, key_of
from activity_log.segments.lists import profile_ids
from activity_log.segments.reach import NOBODY, reach_of

_TABLE = tables.segment_membership
_TOGETHER = 5_000
"""So many rows or messages are written by one statement."""

ENTERED: Final = "entered"
LEFT: Final = "left"
Why = Literal["matches", "matches_no_longer", "archived", "merged_into_another"]


class SegmentChangedError(BusflowError):
    """A segment was defined anew or archived while it was refreshed."""


class OldMomentError(WrongUseError):
    """Memberships are written forward only."""

    def __init__(self, segment_id: str, refreshed: datetime):
        super().__init__(
            f"segment '{segment_id}' was refreshed as of {refreshed:%Y-%m-%d %H:%M} UTC already, and its history is "
            "written forward only: `busflow segments preview` looks at the past"
        )


@dataclass(frozen=True)
class Found:
    """Who matches a segment's definition at `as_of`. model: which model said so, if one did.

    in_words: the definition in words, told with every change.
    """

    segment: Segment
    as_of: datetime
    customers: Collection[str]
    in_words: LocalizedText | None = None
    model: ModelVersion | None = None


class Change(NamedTuple):
    """What a refresh did. is_new: False if the same refresh was made before, and nothing was to be done."""

    segment_id: str
    size: int
    entered: int
    left: int
    messages: int
    is_new: bool = True


def write_refresh(connection: Connection, found: Found, now: datetime) -> Change:
    """Let a segment have the members that were found, and tell of each change. Wants a writing transaction.

    Who has no profile, or counts as somebody else now, is no member. The same refresh again changes nothing. Raises
    OldMomentError if the segment was refreshed as of a later moment, SegmentChangedError if it was changed since it
    was evaluated.
    """
    segment = found.segment
    if get(connection, segment.operator_id, segment.segment_id) != segment:
        raise SegmentChangedError(f"segment '{segment.segment_id}' was changed meanwhile: refresh again")
    last = last_refresh(connection, segment)
    if last is not None and last.as_of > found.as_of:
        raise OldMomentError(segment.segment_id, last.as_of)
    if last is not None and (last.as_of, last.version) == (found.as_of, segment.version):
        return Change(segment.segment_id, last.size, 0, 0, 0, is_new=False)
    return _write(connection, found, now)


class Refresh(NamedTuple):
    """What the refresh of one moment found. version: of the definition."""

    as_of: datetime
    version: int
    size: int
    entered: int
    left: int


def last_refresh(connection: Connection, segment: Segment) -> Refresh | None:
    """Return the newest refresh of a segment, None if there was none."""
    done = tables.segment_refresh
    query = select(done.c.as_of, done.c.version, done.c.size, done.c.entered, done.c.left_count)
    query = query.where(*key_of(done, segment.operator_id, segment.segment_id))
    row = connection.execute(query.order_by(done.c.as_of.desc(), done.c.version.desc()).limit(1)).first()
    return Refresh(*row) if row else None


def archive(connection: Connection, operator_id: str, segment_id: str, now: datetime) -> Change:
    """Take a segment out of use: everybody leaves, and that is told. Wants a writing transaction.

    Archiving again changes nothing. Its history stays.
    """
    segment = get(connection, operator_id, segment_id)
    if not segment.is_active:
        return Change(segment_id, 0, 0, 0, 0, is_new=False)
    last = last_refresh(connection, segment)
    as_of = max(now, last.as_of) if last else now
    leaving = sorted(_open(connection, segment))
    _close(connection, segment, leaving, as_of)
    told = put_all(
        connection, _messages(connection, Found(segment, as_of, ()), leaving, LEFT, "archived"), now
    )
    in_force = update(tables.segment).where(*key_of(tables.segment, operator_id, segment_id))
    connection.execute(in_force.values(archived_at=now))
    return Change(segment_id, 0, 0, len(leaving), told)


def forget_member(connection: Connection, operator_id: str, customer_id: str) -> None:
    """Delete what segments know of somebody. Nobody is told: the erasure itself says enough.

    Who comes back later enters anew with the next refresh.
    """
    for table in (_TABLE, tables.segment_list):
        theirs = (table.c.operator_id == operator_id, table.c.customer_id == customer_id)
        connection.execute(delete(table).where(*theirs))


def _write(connection: Connection, found: Found, now: datetime) -> Change:
    segment = found.segment
    before, away = _open(connection, segment), merged_away(connection, segment.operator_id)
    wanted = set(found.customers) - away
    entering = sorted(profile_ids(connection, segment.operator_id, wanted - before))
    leaving = sorted(before - wanted)
    _close(connection, segment, leaving, found.as_of)
    _open_for(connection, segment, entering, found.as_of)
    merged = [one for one in leaving if one in away]
    told = put_all(connection, _all_messages(connection, found, entering, leaving, merged), now)
    size = len(before) + len(entering) - len(leaving)
    connection.execute(
        insert(tables.segment_refresh).values(
            operator_id=segment.operator_id,
            segment_id=segment.segment_id,
            as_of=found.as_of,
            version=segment.version,
            refreshed_at=now,
            size=size,
            entered=len(entering),
            left_count=len(leaving),
        )
    )
    return Change(segment.segment_id, size, len(entering), len(leaving), told)


def _open(connection: Connection, segment: Segment) -> set[str]:
    of_segment = key_of(_TABLE, segment.operator_id, segment.segment_id)
    query = select(_TABLE.c.customer_id).where(*of_segment, tables.IS_OPEN)
    return set(connection.execute(query).scalars())


def _close(connection: Connection, segment: Segment, leaving: list[str], as_of: datetime) -> None:
    """End memberships; one that began at this very moment, by an earlier definition, never was."""
    if not leaving:
        return
    theirs = (
        *key_of(_TABLE, segment.operator_id, segment.segment_id),
        _TABLE.c.customer_id == bindparam("who"),
        tables.IS_OPEN,
    )
    rows = [{"who": one} for one in leaving]
    connection.execute(delete(_TABLE).where(*theirs, _TABLE.c.valid_from == as_of), rows)
    connection.execute(update(_TABLE).where(*theirs).values(valid_to=as_of), rows)


def _open_for(connection: Connection, segment: Segment, entering: list[str], as_of: datetime) -> None:
    """Begin memberships; one that ended at this very moment, by an earlier definition, goes on."""
    key = key_of(_TABLE, segment.operator_id, segment.segment_id)
    ended = set(
        connection.execute(select(_TABLE.c.customer_id).where(*key, _TABLE.c.valid_to == as_of)).scalars()
    )
    again = [{"who": one} for one in entering if one in ended]
    if again:
        theirs = (*key, _TABLE.c.customer_id == bindparam("who"), _TABLE.c.valid_to == as_of)
        connection.execute(update(_TABLE).where(*theirs).values(valid_to=None), again)
    rows = [
        {
            "operator_id": segment.operator_id,
            "segment_id": segment.segment_id,
            "customer_id": one,
            "valid_from": as_of,
        }
        for one in entering
        if one not in ended
    ]
    for start in range(0, len(rows), _TOGETHER):
        connection.execute(insert(_TABLE), rows[start : start + _TOGETHER])


def _all_messages(
    connection: Connection, found: Found, entering: list[str], leaving: list[str], merged: Collection[str]
) -> Iterator[Message]:
    gone = set(merged)
    yield from _messages(connection, found, entering, ENTERED, "matches")
    stayed = [one for one in leaving if one not in gone]
    yield from _messages(connection, found, stayed, LEFT, "matches_no_longer")
    yield from _messages(connection, found, sorted(gone), LEFT, "merged_into_another")


def _messages(
    connection: Connection, found: Found, customers: list[str], change: Literal["entered", "left"], why: Why
) -> Iterator[Message]:
    """Yield what is told of customers; of who has no profile any more, nothing."""
    segment = found.segment
    profiles = profile_ids(connection, segment.operator_id, customers)
    reach = reach_of(connection, segment.operator_id, list(profiles))
    reason = Reason(kind=why, evidence=_evidence(segment), text=found.in_words)
    for customer_id in sorted(profiles):
        payload = CustomerSegmentChanged(
            customer_id=customer_id,
            person_profile_id=profiles[customer_id],
            as_of=found.as_of,
            segment_id=segment.segment_id,
            change=change,
            definition_version=str(segment.version),
            contact_allowed=reach.get(customer_id, NOBODY).contact_allowed,
            reason=reason,
            model=found.model,
        )
        yield Message(segment.operator_id, _cause(segment, customer_id, change, found.as_of), payload)


def _evidence(segment: Segment) -> Mapping[str, str]:
    names = {"name_de": segment.name_de, "name_en": segment.name_en}
    return {"rule": segment.definition} | names if segment.kind == "rule" else names


def _cause(segment: Segment, customer_id: str, change: str, as_of: datetime) -> str:
    """Name a change so that it is told once: segment and definition, whom, which way, and when."""
    defined = microseconds(segment.defined_at)
    return json.dumps(
        [segment.segment_id, segment.version, defined, customer_id, change, microseconds(as_of)]
    )


def put_all(connection: Connection, messages: Iterable[Message], now: datetime) -> int:
    """Write messages to the outbox, a few thousand at a time; return how many are new."""
    written, together = 0, list[Message]()
    for message in messages:
        together.append(message)
        if len(together) == _TOGETHER:
            written += put(connection, *together, now=now)
            together = []
    return written + put(connection, *together, now=now)


def sizes_now(connection: Connection, operator_id: str) -> dict[str, int]:
    """Return how many members each segment has."""
    query = select(_TABLE.c.segment_id, func.count().label("members")).where(
        _TABLE.c.operator_id == operator_id, tables.IS_OPEN
    )
    return {row.segment_id: row.members for row in connection.execute(query.group_by(_TABLE.c.segment_id))}
