"""How a timeline is filtered: event types by what they are about."""

from collections.abc import Mapping
from types import MappingProxyType

EVENT_GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "bookings": frozenset(
            {
                "BookingConfirmed",
                "BookingCancelled",
                "CheckoutAbandoned",
                "AncillaryPurchased",
                "PaymentCompleted",
            }
        ),
        "trips": frozenset(
            {"BoardingEventCreated", "BookingNoShow", "OnboardSaleRecorded", "ServiceLegCompleted"}
        ),
        "messages": frozenset({"MessageDelivered", "MessageRead"}),
        "suggestions": frozenset({"RecommendationShown", "RecommendationClicked"}),
        "service": frozenset({"ConversationResolved"}),
        "profile": frozenset({"PersonProfileUpdated", "PersonProfilesMerged", "PersonProfilesUnmerged"}),
        "consent": frozenset({"ConsentGranted", "ConsentRevoked", "PersonErasureRequested"}),
    }
)
"""Every event type that touches a person is in one group."""

TOUCHING: frozenset[str] = frozenset().union(*EVENT_GROUPS.values())
