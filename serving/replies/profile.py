"""Who a customer is, what happened to them, and the 360° profile."""

from datetime import date, datetime

from pydantic import Field

from serving.replies.behaviour import BehaviorAggregate, PurchasePattern
from serving.replies.contract import Reply
from serving.replies.engagement import ChannelPreference, EngagementScore, Insight
from serving.replies.problem import Problem
from serving.replies.risk import ChurnRisk
from serving.replies.suggestions import RecommendationModel
from serving.replies.value import CustomerValue, RfmScore


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
    insights: list[Insight] = Field(default=[])


class CustomerProfile(Reply):
    """The 360° profile of one customer of a batch, or why there is none; one of the two is null."""

    customer_id: str
    insight: CustomerInsight | None
    problem: Problem | None
