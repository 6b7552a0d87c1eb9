"""Segments: which there are, who is in them, where they overlap."""

from http import HTTPStatus

from serving.replies import SegmentMembers, SegmentOverlap, SegmentSummary
from serving.requests import Cursor, PageSize
from serving.resources.examples import segments
from serving.resources.operation import Operation, Query, Question

TAG = "Segments"
_ONE = {"segment_id": segments.LOYAL}
_UNKNOWN = (HTTPStatus.NOT_FOUND,)


class MembersQuery(Query):
    """Which page of members."""

    cursor: Cursor | None = None
    limit: PageSize = 100


def _all(question: Question) -> list[SegmentSummary]:
    return question.answers.segment_pages(question.operator_id).all(question.language)


def _one(question: Question) -> SegmentSummary:
    pages = question.answers.segment_pages(question.operator_id)
    return pages.one(question.path["segment_id"], question.language)


def _overlaps(question: Question) -> list[SegmentOverlap]:
    return question.answers.segment_pages(question.operator_id).overlaps()


def _members(question: Question) -> SegmentMembers:
    query: MembersQuery = question.query
    return question.answers.segment_pages(question.operator_id).members(
        question.path["segment_id"], query.cursor, query.limit, with_names=question.caller.role == "crm"
    )


OPERATIONS = (
    Operation(
        "GET", "/segments", "The segments in use, with what their last refresh found",
        TAG, list[SegmentSummary], {"two segments": segments.SUMMARIES, "none yet": []}, _all,
    ),
    Operation(
        "GET", "/segments/overlaps", "Every two segments that share customers, most alike first",
        TAG, list[SegmentOverlap], {"one pair": segments.OVERLAPS}, _overlaps,
    ),
    Operation(
        "GET", "/segments/{segment_id}", "One segment",
        TAG, SegmentSummary, {"a rule": segments.SUMMARIES[0]}, _one, path_examples=_ONE, problems=_UNKNOWN,
    ),
    Operation(
        "GET", "/segments/{segment_id}/members", "Who is in a segment; names for role crm only",
        TAG, SegmentMembers, {"to marketing": segments.MEMBERS, "to crm": segments.MEMBERS_TO_CRM}, _members,
        query=MembersQuery, path_examples=_ONE, problems=_UNKNOWN,
    ),
)  # fmt: skip
