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


class RebookingWindow(Reply):
    """The days between which the next booking is expected, and the likeliest. The window may be over."""

    earliest: date
    likely: date
    latest: date


class ChurnRisk(Reply):
    """Chance (0-1) that the customer books nothing within `horizon_days` after `as_of`.

    Who has never booked, or is newer than the features, has no probability and the band `unknown`.
    rebooking_window: when the next booking is expected; null for who has never booked.
    """

    customer_id: str
    probability: float | None
    band: Band | Literal["unknown"]
    horizon_days: int
    reasons: list[Reason]
    as_of: datetime
    model: ModelInfo
    rebooking_window: RebookingWindow | None = None


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


class ScorePart(Reply):
    """One part of the engagement score: share (0-1, 1 is best), weight (0-1, together 1), and its figures."""

    kind: str
    label: str
    share: float
    weight: float
    evidence: dict[str, Any]


class EngagementScore(Reply):
    """How close the customer is to the operator, 0-100, with its parts; null where nothing is known.

    score is 100 times the mean of the parts' shares by their weights; null if parts are known for less than a quarter
    of all weight. known: that share. nps: 0-10, satisfaction: 1-5, churn_risk: 0-1, as they are in the parts.
    """

    nps: int | None
    satisfaction: float | None
    churn_risk: float | None
    score: float | None = None
    known: float = 0.0
    parts: list[ScorePart] = []


class PurposePreference(Reply):
    """The channel for one purpose (`campaign`, `transactional`), and how sure it is; null: too little is known."""

    purpose: str
    channel: str | None
    probability: float | None
    messages_delivered: int


class ChannelPreference(Reply):
    """The channel to reach the customer on; null with too few messages to say, and `note` says so.

    probability: the chance (0-1) that it is the customer's own; null where none is named, and while no channel model
    is live, when the channel read most stands in.
    """

    channel: str | None
    messages_delivered: int
    messages_read: int
    probability: float | None = None
    purposes: list[PurposePreference] = []
    note: str | None = None
    model: ModelInfo | None = None


class Expected(Reply):
    """An expectation with the range that four of five customers like this one fall into."""

    expected: float
    low: float
    high: float


class CustomerValue(Reply):
    """What the customer is expected to bring.

    Null with a `note`: no model is live, nothing was booked, or nothing was computed yet.
    bookings, spend: within `horizon_days` from `as_of`. lifetime_value: spend of the next `lifetime_years`, a year's
    delay taking `discount` (0-1) off. Money is in `currency`.
    """

    bookings: Expected | None
    spend: Expected | None
    lifetime_value: float | None
    lifetime_years: int
    discount: float
    currency: str | None
    horizon_days: int | None
    as_of: datetime | None
    model: ModelInfo | None
    note: str | None = None


class RfmScore(Reply):
    """Fifths (1-5, 5 is best) among the operator's customers by recency, frequency, monetary; name in words."""

    recency: int
    frequency: int
    monetary: int
    name: str
    label: str
    customers: int


class PurchasePattern(Reply):
    """How the customer usually buys; null where it is not known. Months count from 1, money is in `currency`."""

    usual_booking_month: int | None
    usual_booking_month_share: float | None
    usual_travel_month: int | None
    lead_time_days: float | None
    party_size: float | None
    nights: float | None
    price_per_seat: float | None
    price_per_night: float | None
    usual_sales_channel: str | None
    currency: str | None


class Insight(Reply):
    """What stands out, in one sentence, the figures of the log it rests on, and what to do about it."""

    kind: str
    text: str
    action: str
    suggestion: str
    evidence: dict[str, Any]


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
    value: CustomerValue | None = None
    rfm: RfmScore | None = None
    purchase_pattern: PurchasePattern | None = None
    insights: list[Insight] = []


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
