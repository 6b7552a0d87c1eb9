"""Questions to the memberships: whose they are, who is in a segment, who moved, and where segments overlap."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, or_, select

from activity_log import schema
from activity_log.merging import merged_away, one_person
from activity_log.segments import tables
from activity_log.segments.definitions import Kind, key_of, listing

_TABLE = tables.segment_membership

NO_SEGMENT = ""
"""Stands in transitions for customers who were in none of the segments."""


@dataclass(frozen=True)
class Membership:
    """Somebody in a segment, from valid_from up to valid_to (exclusive); null: still."""

    segment_id: str
    name_de: str
    name_en: str
    kind: Kind
    valid_from: datetime
    valid_to: datetime | None

    def name_in(self, language: str) -> str:
        """Return the segment's name in `de` or `en`."""
        return self.name_en if language == "en" else self.name_de


@dataclass(frozen=True)
class Overlap:
    """Two segments at one moment. jaccard: shared of all who are in either, 0 to 1."""

    one: str
    other: str
    one_size: int
    other_size: int
    both: int

    @property
    def jaccard(self) -> float:
        """Shared of all who are in either."""
        together = self.one_size + self.other_size - self.both
        return self.both / together if together else 0.0


class Transition(NamedTuple):
    """So many customers were in `before` at the first moment and in `after` at the second; NO_SEGMENT: in none."""

    before: str
    after: str
    customers: int


class Sized(NamedTuple):
    """The size of a segment as of a refresh."""

    segment_id: str
    as_of: datetime
    version: int
    size: int
    entered: int
    left: int


def segments_of(connection: Connection, operator_id: str, customer_id: str) -> list[Membership]:
    """Return the segments a customer is in, by their ids; a merged person's are those of whom they count as."""
    customer_id = one_person(connection, operator_id, customer_id).survivor
    return [one for one in history(connection, operator_id, customer_id) if one.valid_to is None]


def history(connection: Connection, operator_id: str, customer_id: str) -> list[Membership]:
    """Return all memberships under this id, by segment and time; archived segments too."""
    known = {one.segment_id: one for one in listing(connection, operator_id, archived=True)}
    query = (
        select(_TABLE.c.segment_id, _TABLE.c.valid_from, _TABLE.c.valid_to)
        .where(_TABLE.c.operator_id == operator_id, _TABLE.c.customer_id == customer_id)
        .order_by(_TABLE.c.segment_id, _TABLE.c.valid_from)
    )
    return [
        Membership(row.segment_id, of.name_de, of.name_en, of.kind, row.valid_from, row.valid_to)
        for row in connection.execute(query)
        for of in [known[row.segment_id]]
    ]


def members(
    connection: Connection, operator_id: str, segment_id: str, at: datetime | None = None
) -> list[str]:
    """Return who is in a segment by their ids, or was at a moment.

    Now: without those who were merged into somebody else since the last refresh.
    """
    query = _at(select(_TABLE.c.customer_id).where(*key_of(_TABLE, operator_id, segment_id)), at)
    found = connection.execute(query.order_by(_TABLE.c.customer_id)).scalars()
    away = merged_away(connection, operator_id) if at is None else frozenset()
    return [one for one in found if one not in away]


def members_by_segment(
    connection: Connection, operator_id: str, at: datetime | None = None
) -> dict[str, set[str]]:
    """Return who is in each segment, or was at a moment; segments without members are left out."""
    query = _at(
        select(_TABLE.c.segment_id, _TABLE.c.customer_id).where(_TABLE.c.operator_id == operator_id), at
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for segment_id, customer_id in connection.execute(query):
        found[segment_id].add(customer_id)
    return dict(sorted(found.items()))


def overlaps(
    connection: Connection, operator_id: str, at: datetime | None = None, only: Collection[str] | None = None
) -> list[Overlap]:
    """Return every two segments that share somebody, most alike first."""
    found = members_by_segment(connection, operator_id, at)
    wanted = {name: ids for name, ids in found.items() if only is None or name in only}
    pairs = (
        Overlap(one, other, len(wanted[one]), len(wanted[other]), len(wanted[one] & wanted[other]))
        for one, other in combinations(wanted, 2)
    )
    return sorted(
        (pair for pair in pairs if pair.both), key=lambda pair: (-pair.jaccard, pair.one, pair.other)
    )


def transitions(
    connection: Connection,
    operator_id: str,
    first: datetime,
    second: datetime,
    only: Collection[str] | None = None,
) -> list[Transition]:
    """Return who moved from where to where between two moments, by the segments' ids.

    Somebody in several segments counts in each pair of them. Who was in none at one moment comes from, or goes to,
    NO_SEGMENT; who was in none at both is not counted.
    """
    before, after = (
        _segments_by_customer(members_by_segment(connection, operator_id, at), only) for at in (first, second)
    )
    moved = Counter(
        (source, target)
        for customer in before.keys() | after.keys()
        for source in before.get(customer, (NO_SEGMENT,))
        for target in after.get(customer, (NO_SEGMENT,))
    )
    return [Transition(*pair, count) for pair, count in sorted(moved.items())]


def sizes(connection: Connection, operator_id: str) -> list[Sized]:
    """Return the size of every segment as of every refresh, oldest first; of a moment refreshed twice the last."""
    done = tables.segment_refresh.c
    query = (
        select(done.segment_id, done.as_of, done.version, done.size, done.entered, done.left_count)
        .where(done.operator_id == operator_id)
        .order_by(done.as_of, done.segment_id, done.version)
    )
    latest = {(row.segment_id, row.as_of): Sized(*row) for row in connection.execute(query)}
    return list(latest.values())


def _segments_by_customer(
    found: dict[str, set[str]], only: Collection[str] | None
) -> dict[str, Sequence[str]]:
    segments: defaultdict[str, list[str]] = defaultdict(list)
    for segment_id, customers in found.items():
        if only is None or segment_id in only:
            for customer in customers:
                segments[customer].append(segment_id)
    return dict(segments)


def _at(query: Select[Any], at: datetime | None) -> Select[Any]:
    if at is None:
        return query.where(tables.IS_OPEN)
    return query.where(_TABLE.c.valid_from <= at, or_(_TABLE.c.valid_to.is_(None), _TABLE.c.valid_to > at))


def published(connection: Connection, operator_id: str) -> dict[str, frozenset[str]]:
    """Return the families, regions and themes of all tours that were published, under `family`, `region`, `theme`."""
    tour = schema.tour.c
    rows = connection.execute(
        select(tour.family_id, tour.region, tour.theme).where(tour.operator_id == operator_id).distinct()
    ).all()
    return {
        kind: frozenset(row[place] for row in rows)
        for place, kind in enumerate(("family", "region", "theme"))
    }
