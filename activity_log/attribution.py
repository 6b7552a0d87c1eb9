"""Who an event is about. The one definition of booker attribution and of the contact filter.

Revenue, booking count and lead time go to the booker; seat, boarding, no-show and tour preferences to each
traveller. Communication with a contact that has no person is nobody's and is discarded at the gate.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from activity_log.contracts.backoffice import (
    ConsentGranted,
    ConsentRevoked,
    PersonErasureRequested,
    PersonProfilesMerged,
    PersonProfilesUnmerged,
    PersonProfileUpdated,
)
from activity_log.contracts.commerce import (
    AncillaryPurchased,
    BookingCancelled,
    BookingConfirmed,
    BookingNoShow,
    CheckoutAbandoned,
    PaymentCompleted,
)
from activity_log.contracts.communications import ConversationResolved, MessageDelivered, MessageRead
from activity_log.contracts.fields import Payload
from activity_log.contracts.operations import (
    BoardingEventCreated,
    OnboardSaleRecorded,
    ServiceLegCompleted,
)
from activity_log.contracts.own import RecommendationClicked, RecommendationShown


class Touch(NamedTuple):
    """A person an event touches, and as what."""

    person_profile_id: str
    role: str


BOOKER, TRAVELLER, PAYER, PERSON = "booker", "traveller", "payer", "person"


def touches(payload: Payload) -> list[Touch]:
    """Return the people an event touches, each once; who books and travels too is named as booker."""
    kind = type(payload)
    if kind in _ONE:
        field, role = _ONE[kind]
        person = getattr(payload, field)
        return [Touch(person, role)] if person else []
    return _SEVERAL[kind](payload) if kind in _SEVERAL else []


def is_contact_without_person(payload: Payload) -> bool:
    """Say whether the contact filter discards this event."""
    return isinstance(payload, MessageDelivered | ConversationResolved) and payload.person_profile_id is None


def _each_once(candidates: list[Touch]) -> list[Touch]:
    first: dict[str, Touch] = {}
    for touch in candidates:
        first.setdefault(touch.person_profile_id, touch)
    return list(first.values())


def _party(booking: BookingConfirmed) -> list[Touch]:
    named = [Touch(one.person_profile_id, TRAVELLER) for one in booking.travellers if one.person_profile_id]
    return _each_once([Touch(booking.booker_profile_id, BOOKER), *named])


def _passengers(leg: ServiceLegCompleted) -> list[Touch]:
    return _each_once([Touch(person, TRAVELLER) for person in leg.person_profile_ids])


def _both(link: PersonProfilesMerged | PersonProfilesUnmerged) -> list[Touch]:
    return _each_once([Touch(link.surviving_id, PERSON), Touch(link.merged_id, PERSON)])


_ONE: Mapping[type[Payload], tuple[str, str]] = MappingProxyType(
    {
        BookingCancelled: ("booker_profile_id", BOOKER),
        BookingNoShow: ("person_profile_id", TRAVELLER),
        BoardingEventCreated: ("person_profile_id", TRAVELLER),
        PaymentCompleted: ("payer_profile_id", PAYER),
        AncillaryPurchased: ("person_profile_id", PERSON),
        PersonProfileUpdated: ("person_profile_id", PERSON),
        ConsentGranted: ("person_profile_id", PERSON),
        ConsentRevoked: ("person_profile_id", PERSON),
        PersonErasureRequested: ("person_profile_id", PERSON),
        CheckoutAbandoned: ("person_profile_id", PERSON),
        OnboardSaleRecorded: ("person_profile_id", PERSON),
        MessageDelivered: ("person_profile_id", PERSON),
        MessageRead: ("person_profile_id", PERSON),
        ConversationResolved: ("person_profile_id", PERSON),
        RecommendationShown: ("person_profile_id", PERSON),
        RecommendationClicked: ("person_profile_id", PERSON),
    }
)
"""Events about one person: the field that names them, and as what."""

_SEVERAL: Mapping[type[Payload], Callable[[Any], list[Touch]]] = MappingProxyType(
    {
        BookingConfirmed: _party,
        ServiceLegCompleted: _passengers,
        PersonProfilesMerged: _both,
        PersonProfilesUnmerged: _both,
    }
)
