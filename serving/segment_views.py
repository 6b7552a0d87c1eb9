"""Segments as the screen shows them: sizes with what moved, overlaps, and who is in one, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.merging import merged_away
from activity_log.segments import tables
from activity_log.segments.definitions import Segment, get, key_of, listing
from activity_log.segments.reading import Overlap, Sized, overlaps, sizes
from feature_repo.segments.problems import RuleError
from feature_repo.segments.rules import read_rule
from feature_repo.segments.wording import in_words
from serving.crm.records import SegmentLine, SegmentMember, SegmentOverlap, SegmentOverview, SegmentPage
from serving.languages import Language

MEMBERS_PER_PAGE = 50

_Level = Sequence[tuple[str, int, datetime | None]]


@dataclass
class SegmentViews:
    """The segments of operators. Overlaps are counted once after each refresh."""

    _overlaps: dict[str, tuple[_Level, list[Overlap]]] = field(default_factory=dict)

    def overview(self, connection: Connection, operator_id: str, language: Language) -> SegmentOverview:
        """Return all segments in use and where they overlap."""
        lines = _lines(connection, operator_id, language)
        named = {one.segment_id: one for one in lines}
        found = self._counted(connection, operator_id, lines)
        pairs = [SegmentOverlap(named[one.one], named[one.other], one.both) for one in found]
        return SegmentOverview(lines, pairs)

    def _counted(
        self, connection: Connection, operator_id: str, lines: Sequence[SegmentLine]
    ) -> list[Overlap]:
        level = [(one.segment_id, one.size, one.as_of) for one in lines]
        known, found = self._overlaps.get(operator_id, ([], []))
        if known != level:
            found = overlaps(connection, operator_id, only={one.segment_id for one in lines})
            self._overlaps[operator_id] = level, found
        return found


def segment_page(
    connection: Connection, operator_id: str, segment_id: str, language: Language, page: int
) -> SegmentPage:
    """Return a page of members; one beyond the last is the last. Raises UnknownSegmentError."""
    segment = get(connection, operator_id, segment_id)
    everybody = _members(connection, operator_id, segment_id)
    pages = max(1, -(-len(everybody) // MEMBERS_PER_PAGE))
    shown = min(max(page, 1), pages)
    start = (shown - 1) * MEMBERS_PER_PAGE
    sized = {one.segment_id: one for one in sizes(connection, operator_id)}
    return SegmentPage(
        segment=_line(segment, sized.get(segment_id), language),
        rule=_rule(segment, language),
        members=everybody[start : start + MEMBERS_PER_PAGE],
        page=shown,
        pages=pages,
        members_in_all=len(everybody),
    )


def _lines(connection: Connection, operator_id: str, language: Language) -> list[SegmentLine]:
    latest = {one.segment_id: one for one in sizes(connection, operator_id)}  # the last of each is the newest
    lines = [_line(one, latest.get(one.segment_id), language) for one in listing(connection, operator_id)]
    return sorted(lines, key=lambda one: (-one.size, one.name))


def _line(segment: Segment, sized: Sized | None, language: Language) -> SegmentLine:
    return SegmentLine(
        segment_id=segment.segment_id,
        name=segment.name_in(language),
        kind=segment.kind,
        size=sized.size if sized else 0,
        entered=sized.entered if sized else 0,
        left=sized.left if sized else 0,
        as_of=sized.as_of if sized else None,
    )


def _rule(segment: Segment, language: Language) -> str | None:
    """Return a rule in words; None for what is none, or cannot be read any more."""
    if segment.kind != "rule":
        return None
    try:
        return in_words(read_rule(segment.definition), language)
    except RuleError:
        return None


def _members(connection: Connection, operator_id: str, segment_id: str) -> list[SegmentMember]:
    """Return who is in a segment now by name, without those who were merged into somebody else since."""
    member, person = tables.segment_membership, schema.person_profile
    query = (
        select(
            person.c.customer_id, person.c.given_name, person.c.family_name, person.c.phone, person.c.postcode,
            member.c.valid_from,
        )
        .join_from(
            member,
            person,
            (person.c.operator_id == member.c.operator_id) & (person.c.customer_id == member.c.customer_id),
        )
        .where(*key_of(member, operator_id, segment_id), tables.IS_OPEN)
        .order_by(person.c.family_name, person.c.given_name, person.c.customer_id)
    )  # fmt: skip
    away = merged_away(connection, operator_id)
    return [
        SegmentMember(
            row.customer_id, f"{row.given_name} {row.family_name}", row.phone, row.postcode, row.valid_from
        )
        for row in connection.execute(query)
        if row.customer_id not in away
    ]
