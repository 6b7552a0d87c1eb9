"""Segments: which there are, who is in them, and where they overlap."""

from datetime import datetime
from typing import Literal

from serving.replies.contract import Reply

SegmentKind = Literal["rule", "list", "cluster"]


class SegmentSummary(Reply):
    """A segment in use. name: in the caller's language.

    size, entered, left: what its last refresh found, as of `as_of`; null before the first one. definition: of a rule
    its text; null for lists and learned clusters.
    """

    segment_id: str
    name: str
    kind: SegmentKind
    version: int
    definition: str | None
    defined_at: datetime
    size: int | None
    entered: int | None
    left: int | None
    as_of: datetime | None


class SegmentMembership(Reply):
    """A segment that a customer is in, and since when."""

    segment_id: str
    name: str
    kind: SegmentKind
    member_since: datetime


class SegmentMember(Reply):
    """Somebody who is in a segment; the name is null for other roles than `crm`."""

    customer_id: str
    member_since: datetime
    given_name: str | None
    family_name: str | None


class SegmentMembers(Reply):
    """A page of members by their ids; pass `next_cursor` as `cursor` for the following one (null: the end)."""

    segment_id: str
    members: list[SegmentMember]
    next_cursor: str | None


class SegmentOverlap(Reply):
    """Two segments that share customers. jaccard (0-1): the shared ones of all who are in either."""

    one: str
    other: str
    one_size: int
    other_size: int
    both: int
    jaccard: float
