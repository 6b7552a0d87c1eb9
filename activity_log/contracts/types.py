"""The one list of event types: name, source, current version and payload model."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from activity_log.contracts import backoffice, commerce, communications, operations, own
from activity_log.contracts.fields import Payload

OWN_SOURCE = "own"
SOURCES = ("commerce", "operations", "communications", "backoffice", OWN_SOURCE)


class EventType(NamedTuple):
    """One event type as its context publishes it today."""

    name: str
    source: str
    version: int
    payload: type[Payload]


def _types(source: str, *payloads: type[Payload]) -> list[EventType]:
    return [EventType(payload.__name__, source, payload.data_version, payload) for payload in payloads]


TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        event_type.name: event_type
        for event_type in [
            *_types(
                "commerce",
                commerce.BookingConfirmed,
                commerce.BookingCancelled,
                commerce.BookingNoShow,
                commerce.CheckoutAbandoned,
                commerce.AncillaryPurchased,
                commerce.PaymentCompleted,
                commerce.TourPublished,
                commerce.DepartureScheduled,
                commerce.DepartureUpdated,
            ),
            *_types(
                "operations",
                operations.BoardingEventCreated,
                operations.OnboardSaleRecorded,
                operations.ServiceLegCompleted,
            ),
            *_types(
                "communications",
                communications.MessageDelivered,
                communications.MessageRead,
                communications.ConversationResolved,
            ),
            *_types(
                "backoffice",
                backoffice.PersonProfileUpdated,
                backoffice.ConsentGranted,
                backoffice.ConsentRevoked,
                backoffice.PersonProfilesMerged,
                backoffice.PersonProfilesUnmerged,
                backoffice.PersonErasureRequested,
            ),
            *_types(OWN_SOURCE, own.RecommendationShown, own.RecommendationClicked),
        ]
    }
)
"""Every event type of the design by its current name."""
