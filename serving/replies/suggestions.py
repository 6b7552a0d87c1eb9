"""What is suggested to a customer."""

from datetime import date, datetime

from serving.replies.contract import Amount, ModelInfo, Reason, Reply
from serving.replies.problem import Problem


class RecommendedTour(Reply):
    """One suggestion; `price` is for one person. For an operator of undated items the departure is null."""

    tour_id: str
    departure_id: str | None
    name: str
    score: float
    position: int
    reason: Reason
    family_id: str
    region: str | None
    theme: str | None
    nights: int | None
    departs_on: date | None
    price: Amount | None
    currency: str | None
    seats_left: int | None


class RecommendationModel(Reply):
    """A ranked list. `basis` names the rung that answered, `basis_note` says why that one.

    Fewer than the asked-for items means that no more can be booked.
    """

    recommendation_id: str
    customer_id: str | None
    model: ModelInfo | None
    basis: str
    basis_note: str
    generated_at: datetime
    items: list[RecommendedTour]


class CustomerRecommendation(Reply):
    """The suggestions for one customer of a batch, or why there are none; one of the two is null."""

    customer_id: str
    recommendation: RecommendationModel | None
    problem: Problem | None


class LoggedItem(Reply):
    """One place of a list as it was answered. propensity: the chance (0-1) with which this tour stood there."""

    tour_id: str
    departure_id: str | None
    position: int
    score: float
    propensity: float


class LoggedRecommendation(Reply):
    """A list that was answered once, as it was answered. features_at: up to when events were in the features."""

    recommendation_id: str
    customer_id: str | None
    endpoint: str
    model: str | None
    basis: str
    generated_at: datetime
    features_at: datetime | None
    items: list[LoggedItem]
