"""Customers: who is meant, what happened to them, and one side of them at a time."""

from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from serving.batches import profiles_of
from serving.replies import (
    CustomerClv,
    CustomerHit,
    CustomerInsights,
    CustomerProfile,
    CustomerRfm,
    SegmentMembership,
    TimelinePage,
)
from serving.requests import Cursor, Id, PageSize
from serving.resources.examples import people, suggestions
from serving.resources.operation import Body, Operation, Paged, Query, Question
from serving.timeline_query import timeline_filter

TAG = "Customers"
MOST_PROFILES = 100
_ONE = {"customer_id": people.ANNA}
_UNKNOWN = (HTTPStatus.NOT_FOUND,)


class CustomerSearch(Query):
    """Whom one looks for."""

    q: str = Field(
        default="",
        max_length=200,
        description="Part of a name (in either order), e-mail, postcode or phone, or a whole id; typos are forgiven.",
        examples=["müller anna"],
    )
    cursor: Cursor | None = None
    limit: PageSize = 20


class TimelineQuery(Query):
    """Which part of a timeline."""

    cursor: Cursor | None = None
    type: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[],
        max_length=30,
        description="Event types, or groups: bookings, trips, messages, suggestions, service, profile, consent.",
        examples=[["bookings"]],
    )
    since: str | None = Field(
        default=None,
        alias="from",
        max_length=40,
        description="A day or a moment; UTC where it says no zone.",
        examples=["2026-01-01"],
    )
    until: str | None = Field(
        default=None, max_length=40, description="The same, exclusive.", examples=["2027-01-01"]
    )


class ProfileBatch(Body):
    """Whose profiles a nightly job wants."""

    customer_ids: list[Id] = Field(min_length=1, max_length=MOST_PROFILES)


def _search(question: Question) -> Paged:
    query: CustomerSearch = question.query
    finding = question.answers.finding(question.operator_id)
    return Paged(*finding.page(query.q, query.cursor, query.limit))


def _timeline(question: Question) -> TimelinePage:
    query: TimelineQuery = question.query
    only = timeline_filter(query.type, query.since, query.until)
    return question.answers.customer_timeline(
        question.operator_id, question.path["customer_id"], question.language, query.cursor, only
    )


def _rfm(question: Question) -> CustomerRfm:
    facets = question.answers.facets(question.operator_id)
    return facets.rfm(question.path["customer_id"], question.language)


def _clv(question: Question) -> CustomerClv:
    facets = question.answers.facets(question.operator_id)
    return facets.clv(question.path["customer_id"], question.language)


def _insights(question: Question) -> CustomerInsights:
    facets = question.answers.facets(question.operator_id)
    return facets.insights(question.path["customer_id"], question.language)


def _segments(question: Question) -> list[SegmentMembership]:
    facets = question.answers.facets(question.operator_id)
    return facets.segments(question.path["customer_id"], question.language)


def _profiles(question: Question) -> list[CustomerProfile]:
    return profiles_of(
        question.answers,
        question.operator_id,
        question.body.customer_ids,
        question.language,
        with_person=question.caller.role == "crm",
    )


OPERATIONS = (
    Operation(
        "GET", "/customers", "Find customers by name, e-mail, phone, postcode or id; typos are forgiven",
        TAG, list[CustomerHit], {"one hit": people.HITS, "nobody": []}, _search, query=CustomerSearch,
    ),
    Operation(
        "GET", "/customers/{customer_id}/timeline", "What happened to a customer, newest first",
        TAG, TimelinePage, {"a page": people.TIMELINE}, _timeline,
        query=TimelineQuery, path_examples=_ONE, problems=_UNKNOWN,
    ),
    Operation(
        "GET", "/customers/{customer_id}/rfm", "Recency, frequency, monetary, and their fifths",
        TAG, CustomerRfm, {"a loyal customer": people.RFM, "who never booked": people.NO_RFM}, _rfm,
        path_examples=_ONE, problems=_UNKNOWN,
    ),
    Operation(
        "GET", "/customers/{customer_id}/clv", "Expected bookings, spend and lifetime value",
        TAG, CustomerClv, {"a loyal customer": people.CLV}, _clv, path_examples=_ONE, problems=_UNKNOWN,
    ),
    Operation(
        "GET", "/customers/{customer_id}/insights", "What stands out about a customer, and what to do about it",
        TAG, CustomerInsights, {"due again": people.INSIGHTS}, _insights, path_examples=_ONE, problems=_UNKNOWN,
    ),
    Operation(
        "GET", "/customers/{customer_id}/segments", "The segments a customer is in",
        TAG, list[SegmentMembership], {"one segment": people.MEMBERSHIPS}, _segments,
        path_examples=_ONE, problems=_UNKNOWN,
    ),
    Operation(
        "POST", "/customer_insight/batch", "The 360° profiles of 100 customers at most; unknown ids are told singly",
        TAG, list[CustomerProfile], {"one known, one not": suggestions.PROFILES}, _profiles,
        body=ProfileBatch, heavy=True,
        body_examples={"two customers": {"customer_ids": [people.ANNA, "c-nobody"]}},
    ),
)  # fmt: skip
