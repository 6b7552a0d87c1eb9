"""The segments of an operator as the API tells them."""

from activity_log.database import Database
from activity_log.operators import Operator
from activity_log.reading import Profile, profiles_of
from activity_log.segments.definitions import Segment, get, listing
from activity_log.segments.member_pages import Member, members_after
from activity_log.segments.membership import Refresh, last_refresh
from activity_log.segments.reading import overlaps
from serving.cursors import read_cursor, write_cursor
from serving.languages import Language
from serving.replies import SegmentMember, SegmentMembers, SegmentOverlap, SegmentSummary


class SegmentPages:
    """The segments of one operator. What names one raises UnknownSegmentError."""

    def __init__(self, database: Database, operator: Operator):
        self._database = database
        self._operator_id = operator.operator_id

    def all(self, language: Language) -> list[SegmentSummary]:
        """Return the segments in use, by their ids."""
        with self._database.reading() as connection:
            return [
                _summary(one, last_refresh(connection, one), language)
                for one in listing(connection, self._operator_id)
            ]

    def one(self, segment_id: str, language: Language) -> SegmentSummary:
        """Return one segment, archived or not."""
        with self._database.reading() as connection:
            segment = get(connection, self._operator_id, segment_id)
            return _summary(segment, last_refresh(connection, segment), language)

    def overlaps(self) -> list[SegmentOverlap]:
        """Return every two segments that share somebody, most alike first."""
        with self._database.reading() as connection:
            found = overlaps(connection, self._operator_id)
        return [
            SegmentOverlap(
                one=pair.one,
                other=pair.other,
                one_size=pair.one_size,
                other_size=pair.other_size,
                both=pair.both,
                jaccard=round(pair.jaccard, 6),
            )
            for pair in found
        ]

    def members(self, segment_id: str, cursor: str | None, limit: int, *, with_names: bool) -> SegmentMembers:
        """Return a page of members. Raises BadCursorError."""
        after = read_cursor(cursor) if cursor else None
        with self._database.reading() as connection:
            found = members_after(connection, self._operator_id, segment_id, after, limit + 1)
            page = found[:limit]
            ids = [one.customer_id for one in page]
            people = profiles_of(connection, self._operator_id, ids) if with_names else {}
        members = [_member(one, people.get(one.customer_id)) for one in page]
        more = write_cursor(ids[-1]) if len(found) > limit else None
        return SegmentMembers(segment_id=segment_id, members=members, next_cursor=more)


def _summary(segment: Segment, refresh: Refresh | None, language: Language) -> SegmentSummary:
    return SegmentSummary(
        segment_id=segment.segment_id,
        name=segment.name_in(language),
        kind=segment.kind,
        version=segment.version,
        definition=segment.definition if segment.kind == "rule" else None,
        defined_at=segment.defined_at,
        size=refresh.size if refresh else None,
        entered=refresh.entered if refresh else None,
        left=refresh.left if refresh else None,
        as_of=refresh.as_of if refresh else None,
    )


def _member(one: Member, person: Profile | None) -> SegmentMember:
    return SegmentMember(
        customer_id=one.customer_id,
        member_since=one.since,
        given_name=person.given_name if person else None,
        family_name=person.family_name if person else None,
    )
