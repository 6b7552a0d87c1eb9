"""What the service answers, as typed contracts, one file per idea. Texts are in the caller's language."""

from serving.replies.behaviour import BehaviorAggregate, PurchasePattern
from serving.replies.contract import Amount, Band, ModelInfo, Reason, Reply
from serving.replies.engagement import (
    ChannelPreference,
    CustomerInsights,
    EngagementScore,
    Insight,
    PurposePreference,
    ScorePart,
)
from serving.replies.invitations import Channel, Invitation, Invitee, NotInvited
from serving.replies.problem import FieldError, Problem
from serving.replies.profile import (
    CustomerHit,
    CustomerInsight,
    CustomerProfile,
    Person,
    TimelineEntry,
    TimelinePage,
)
from serving.replies.receipts import EventsReceipt, QuarantinedEvent
from serving.replies.risk import ChurnRisk, RebookingWindow
from serving.replies.segments import (
    SegmentKind,
    SegmentMember,
    SegmentMembers,
    SegmentMembership,
    SegmentOverlap,
    SegmentSummary,
)
from serving.replies.suggestions import (
    CustomerRecommendation,
    LoggedItem,
    LoggedRecommendation,
    RecommendationModel,
    RecommendedTour,
)
from serving.replies.value import CustomerClv, CustomerRfm, CustomerValue, Expected, RfmScore

__all__ = [
    "Amount",
    "Band",
    "BehaviorAggregate",
    "Channel",
    "ChannelPreference",
    "ChurnRisk",
    "CustomerClv",
    "CustomerHit",
    "CustomerInsight",
    "CustomerInsights",
    "CustomerProfile",
    "CustomerRecommendation",
    "CustomerRfm",
    "CustomerValue",
    "EngagementScore",
    "EventsReceipt",
    "Expected",
    "FieldError",
    "Insight",
    "Invitation",
    "Invitee",
    "LoggedItem",
    "LoggedRecommendation",
    "ModelInfo",
    "NotInvited",
    "Person",
    "Problem",
    "PurchasePattern",
    "PurposePreference",
    "QuarantinedEvent",
    "Reason",
    "RebookingWindow",
    "RecommendationModel",
    "RecommendedTour",
    "Reply",
    "RfmScore",
    "ScorePart",
    "SegmentKind",
    "SegmentMember",
    "SegmentMembers",
    "SegmentMembership",
    "SegmentOverlap",
    "SegmentSummary",
    "TimelineEntry",
    "TimelinePage",
]
