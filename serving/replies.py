"""What the service answers, as typed contracts. Texts are in the caller's language."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer

Amount = Annotated[Decimal, PlainSerializer(str, return_type=str)]
"""Money as decimal text ("349.00"), never as a float."""

Band = Literal["low", "medium", "high"]


class Reply(BaseModel):
    """The common behaviour of replies."""

    model_config = ConfigDict(frozen=True)


class ModelInfo(Reply):
    """Which registered model spoke."""

    name: str
    version: str
    trained_at: datetime


class Reason(Reply):
    """Why, in one sentence that can be said aloud, with the numbers of the log it rests on."""

    kind: str
    text: str
    evidence: dict[str, Any]


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


class ChurnRisk(Reply):
    """Chance (0-1) that the customer books nothing within `horizon_days` after `as_of`.

    Who has never booked, or is newer than the features, has no probability and the band `unknown`.
    """

    customer_id: str
    probability: float | None
    band: Band | Literal["unknown"]
    horizon_days: int
    reasons: list[Reason]
    as_of: datetime
    model: ModelInfo


class Person(Reply):
    """Identity, for roles that may see it."""

    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    birth_date: date | None
    postcode: str | None
    locale: str
    marketing_consent: bool


class BehaviorAggregate(Reply):
    """What the customer has done. Revenue and bookings as booker; seat, stop and no-shows as traveller."""

    lifetime_revenue: float
    currency: str | None
    total_bookings: int
    cancelled_bookings: int
    last_booking_at: datetime | None
    average_booking_lead_time: float | None
    median_booking_gap_days: float | None
    usual_booking_month: int | None
    usual_travel_month: int | None
    favourite_family: str | None
    favourite_family_name: str | None
    average_party_size: float | None
    total_trips: int
    preferred_seat_position: str | None
    preferred_boarding_point: str | None
    no_show_count: int
    onboard_spend: float


class EngagementScore(Reply):
    """The latest ratings and the churn probability; null where nothing is known."""

    nps: int | None
    satisfaction: float | None
    churn_risk: float | None


class ChannelPreference(Reply):
    """The channel whose messages the customer reads most; null with too few messages to say."""

    channel: str | None
    messages_delivered: int
    messages_read: int


class TimelineEntry(Reply):
    """One touchpoint, newest first. `text` is one sentence about it."""

    event_id: str
    type: str
    source: str
    occurred_at: datetime
    role: str
    text: str


class TimelinePage(Reply):
    """A page of the timeline; pass `next_cursor` as `cursor` for the following one (null: the end)."""

    entries: list[TimelineEntry]
    next_cursor: str | None


class CustomerHit(Reply):
    """A customer found by search."""

    customer_id: str
    given_name: str
    family_name: str
    postcode: str | None
    email: str | None
    phone: str | None


class CustomerInsight(Reply):
    """The 360° profile: person (CRM only), behaviour, risk, what to offer, the latest touchpoints."""

    customer_id: str
    person: Person | None
    as_of: datetime | None
    behavior: BehaviorAggregate | None
    engagement: EngagementScore
    channel_preference: ChannelPreference
    segments: list[str]
    churn_risk: ChurnRisk | None
    recommendations: RecommendationModel
    timeline: list[TimelineEntry]


class QuarantinedEvent(Reply):
    """An event that may not enter, and why; `id` is null where none could be read."""

    id: str | None
    reason: str


class EventsReceipt(Reply):
    """What became of the posted events."""

    accepted: int
    duplicates: int
    discarded: int
    quarantined: list[QuarantinedEvent]


class Problem(Reply):
    """The one error shape (RFC 9457, application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
