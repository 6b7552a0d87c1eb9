"""Suggestions: for many customers at once, as they were answered once, and the other way round: whom to invite."""

from http import HTTPStatus
from typing import Literal, Self

from pydantic import Field, model_validator

from serving.batches import recommendations_for
from serving.inviting import InvitationWish
from serving.replies import Channel, CustomerRecommendation, Invitation, LoggedRecommendation
from serving.requests import CustomerIds, Filters, Id, ItemCount
from serving.resources.examples import people, suggestions
from serving.resources.operation import Body, Operation, Question

TAG = "Suggestions"
MOST_INVITED = 1_000


class RecommendBatch(Body):
    """Whom a nightly job wants suggestions for."""

    customer_ids: CustomerIds
    n: ItemCount = 5
    filters: Filters = Filters()


class InvitationRequest(Body):
    """Which departure is to be filled: a `departure_id`, or a `tour_id` for its next departure that can be booked."""

    departure_id: Id | None = None
    tour_id: Id | None = None
    n: int = Field(default=100, strict=True, ge=1, le=MOST_INVITED)
    channel: Channel | None = Field(default=None, description="Only who can be reached by it.")
    segment_id: Id | None = Field(default=None, description="Only who is in it.")
    purpose: Literal["campaign"] = Field(default="campaign", description="What the consent has to be for.")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.departure_id is None) == (self.tour_id is None):
            raise ValueError("name either departure_id or tour_id")
        return self


def _batch(question: Question) -> list[CustomerRecommendation]:
    body: RecommendBatch = question.body
    return recommendations_for(
        question.answers, question.operator_id, body.customer_ids, question.language, body.filters, body.n
    )


def _logged(question: Question) -> LoggedRecommendation:
    return question.answers.logged_recommendation(
        question.operator_id, question.path["recommendation_id"], question.language
    )


def _invite(question: Question) -> Invitation:
    body: InvitationRequest = question.body
    wish = InvitationWish(body.departure_id, body.tour_id, body.n, body.channel, body.segment_id)
    return question.answers.inviting(question.operator_id).invite(wish, question.language)


OPERATIONS = (
    Operation(
        "POST", "/recommend/batch", "Suggest trips to 1,000 customers at most; unknown ids are told singly",
        TAG, list[CustomerRecommendation], {"one known, one not": suggestions.BATCH}, _batch,
        body=RecommendBatch, heavy=True,
        body_examples={"two customers": {"customer_ids": [people.ANNA, "c-nobody"], "n": 3}},
    ),
    Operation(
        "GET", "/recommendations/{recommendation_id}", "A list of suggestions as it was answered",
        TAG, LoggedRecommendation, {"one place": suggestions.LOGGED}, _logged,
        path_examples={"recommendation_id": suggestions.LIST_ID}, problems=(HTTPStatus.NOT_FOUND,),
    ),
    Operation(
        "POST", "/invite", "Whom to invite to a departure: ranked, of those one may write to, with their channel",
        TAG, Invitation, {"two guests": suggestions.INVITATION}, _invite,
        body=InvitationRequest, heavy=True,
        body_examples={
            "a departure": {"departure_id": "nordsee-2027-05-08", "n": 200},
            "the next of a tour, by letter": {"tour_id": "nordsee-2027", "channel": "letter"},
            "a segment": {"tour_id": "nordsee-2027", "segment_id": "loyal-yearly-travellers"},
        },
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
    ),
)  # fmt: skip
