"""How close a customer is, how to reach them, and what stands out."""

from datetime import datetime
from typing import Any

from pydantic import Field

from serving.replies.contract import ModelInfo, Reply


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
    parts: list[ScorePart] = Field(default=[])


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
    purposes: list[PurposePreference] = Field(default=[])
    note: str | None = None
    model: ModelInfo | None = None


class Insight(Reply):
    """What stands out, in one sentence, the figures of the log it rests on, and what to do about it."""

    kind: str
    text: str
    action: str
    suggestion: str
    evidence: dict[str, Any]


class CustomerInsights(Reply):
    """What stands out about a customer, the weightiest first; empty where nothing does."""

    customer_id: str
    as_of: datetime | None
    insights: list[Insight]
