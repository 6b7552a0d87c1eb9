"""Who an event is about. The one definition of booker attribution and of the contact filter.

Revenue, booking count and lead time go to the booker; seat, boarding, no-show and tour preferences to each
traveller. Communication with a contact that has no person is nobody's and is discarded at the gate.
"""

from typing import NamedTuple

from activity_log.contracts.backoffice import (
    ConsentGranted,
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
from activity_log.contracts.communications import ConversationResolved, MessageDelivered
from activity_log.contracts.fields import Payload
from activity_log.contracts.operations import (
    BoardingEventCreated,
    OnboardSaleRecorded,
    ServiceLegCompleted,
)


class Touch(NamedTuple):
    """A person an event touches, and as what."""

    person_profile_id: str
    role: str


BOOKER, TRAVELLER, PAYER, PERSON = "booker", "traveller", "payer", "person"


def touches(payload: Payload) -> list[Touch]:
    """Return the people an event touches, each once; who books and travels too is named as booker."""
    match payload:
        case BookingConfirmed():
            travellers = [
                Touch(t.person_profile_id, TRAVELLER) for t in payload.travellers if t.person_profile_id
            ]
            return _each_once([Touch(payload.booker_profile_id, BOOKER), *travellers])
        case BookingCancelled():
            return [Touch(payload.booker_profile_id, BOOKER)]
        case BookingNoShow() | BoardingEventCreated():
            return [Touch(payload.person_profile_id, TRAVELLER)]
        case PaymentCompleted():
            return [Touch(payload.payer_profile_id, PAYER)]
        case ServiceLegCompleted():
            return _each_once([Touch(person, TRAVELLER) for person in payload.person_profile_ids])
        case PersonProfilesMerged() | PersonProfilesUnmerged():
            return [Touch(payload.surviving_id, PERSON), Touch(payload.merged_id, PERSON)]
        case AncillaryPurchased() | PersonProfileUpdated() | ConsentGranted() | PersonErasureRequested():
            return [Touch(payload.person_profile_id, PERSON)]
        case CheckoutAbandoned() | OnboardSaleRecorded() | MessageDelivered() | ConversationResolved():
            return [Touch(payload.person_profile_id, PERSON)] if payload.person_profile_id else []
    return []


def is_contact_without_person(payload: Payload) -> bool:
    """Say whether the contact filter discards this event."""
    return isinstance(payload, MessageDelivered | ConversationResolved) and payload.person_profile_id is None


def _each_once(candidates: list[Touch]) -> list[Touch]:
    first: dict[str, Touch] = {}
    for touch in candidates:
        first.setdefault(touch.person_profile_id, touch)
    return list(first.values())
