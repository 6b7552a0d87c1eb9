"""From an event of the log to its fact rows."""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any, NamedTuple

from activity_log.contracts.backoffice import (
    ConsentGranted,
    ConsentRevoked,
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
    DepartureScheduled,
    PaymentCompleted,
    TourPublished,
)
from activity_log.contracts.communications import (
    ConversationResolved,
    MessageDelivered,
    MessageRead,
)
from activity_log.contracts.fields import Payload
from activity_log.contracts.operations import BoardingEventCreated, OnboardSaleRecorded
from activity_log.contracts.own import RecommendationClicked, RecommendationShown
from activity_log.contracts.types import TYPES
from activity_log.facts.identities import MERGED, UNMERGED
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator

POSTCODE_AREA_DIGITS = 2
"""German postcodes: the first two digits name an area of about 800,000 people, too coarse to find anybody."""


class FactRow(NamedTuple):
    """A row of the fact table `table`."""

    table: str
    row: dict[str, Any]


class _Fact(NamedTuple):
    table: str
    person_profile_id: str | None
    columns: dict[str, Any]


def flatten(operator: Operator, event: LoggedEvent) -> Iterable[FactRow]:
    """Yield the fact rows of an event; an event type that no feature reads yields none."""
    for fact in _facts(event.payload):
        person = fact.person_profile_id
        stamp = {
            "operator_id": event.operator_id,
            "customer_id": None if person is None else operator.pseudonym(person),
            "occurred_at": event.occurred_at,
            "recorded_at": event.recorded_at,
            "event_id": event.event_id,
        }
        if "merged_customer_id" in fact.columns:
            fact.columns["merged_customer_id"] = operator.pseudonym(fact.columns["merged_customer_id"])
        yield FactRow(fact.table, stamp | fact.columns)


def _columns(payload: Payload, *names: str) -> dict[str, Any]:
    return {name: getattr(payload, name) for name in names}


@singledispatch
def _facts(_payload: Payload) -> Iterable[_Fact]:
    return ()


@_facts.register
def _(profile: PersonProfileUpdated) -> Iterable[_Fact]:
    area = profile.postcode[:POSTCODE_AREA_DIGITS] if profile.postcode else None
    columns = _columns(profile, "locale", "marketing_consent") | {"postcode_area": area}
    yield _Fact("profiles", profile.person_profile_id, columns)


@_facts.register
def _(booking: BookingConfirmed) -> Iterable[_Fact]:
    trip = _columns(booking, "booking_id", "tour_id", "departure_id", "departure_date")
    bought = _columns(booking, "currency", "sales_channel") | {
        "amount": booking.total_amount,
        "party_size": len(booking.travellers),
    }
    yield _Fact("bookings", booking.booker_profile_id, trip | bought)
    for traveller in booking.travellers:
        if traveller.person_profile_id:
            seat = _columns(traveller, "seat_position", "boarding_point_id")
            is_booker = traveller.person_profile_id == booking.booker_profile_id
            yield _Fact("trips", traveller.person_profile_id, trip | seat | {"is_booker": is_booker})


@_facts.register
def _(event: BookingCancelled) -> Iterable[_Fact]:
    columns = _columns(event, "booking_id", "refund_amount")
    yield _Fact("cancellations", event.booker_profile_id, columns)


@_facts.register
def _(event: BookingNoShow) -> Iterable[_Fact]:
    yield _Fact("no_shows", event.person_profile_id, _columns(event, "booking_id"))


@_facts.register
def _(event: BoardingEventCreated) -> Iterable[_Fact]:
    columns = _columns(event, "booking_id", "boarding_point_id", "seat_position", "minutes_late")
    yield _Fact("boardings", event.person_profile_id, columns)


@_facts.register
def _(event: AncillaryPurchased) -> Iterable[_Fact]:
    columns = _columns(event, "category", "amount", "currency") | {"kind": "ancillary"}
    yield _Fact("extras", event.person_profile_id, columns)


@_facts.register
def _(event: OnboardSaleRecorded) -> Iterable[_Fact]:
    if event.person_profile_id:
        columns = _columns(event, "category", "amount", "currency") | {"kind": "onboard"}
        yield _Fact("extras", event.person_profile_id, columns)


@_facts.register
def _(event: PaymentCompleted) -> Iterable[_Fact]:
    columns = _columns(event, "booking_id", "amount", "currency", "method")
    yield _Fact("payments", event.payer_profile_id, columns)


@_facts.register
def _(event: CheckoutAbandoned) -> Iterable[_Fact]:
    if event.person_profile_id:
        yield _Fact("abandonments", event.person_profile_id, _columns(event, "tour_id", "step"))


@_facts.register
def _(message: MessageDelivered) -> Iterable[_Fact]:
    status = "read" if isinstance(message, MessageRead) else "delivered"
    columns = _columns(message, "message_id", "channel", "campaign_id") | {"status": status}
    yield _Fact("messages", message.person_profile_id, columns)


@_facts.register
def _(event: ConversationResolved) -> Iterable[_Fact]:
    columns = _columns(event, "channel", "satisfaction", "nps")
    yield _Fact("conversations", event.person_profile_id, columns)


@_facts.register
def _(event: ConsentGranted) -> Iterable[_Fact]:
    columns = {"purpose": event.purpose, "granted": not isinstance(event, ConsentRevoked)}
    yield _Fact("consents", event.person_profile_id, columns)


@_facts.register
def _(event: PersonProfilesMerged) -> Iterable[_Fact]:
    yield _Fact("merges", event.surviving_id, {"kind": MERGED, "merged_customer_id": event.merged_id})


@_facts.register
def _(event: PersonProfilesUnmerged) -> Iterable[_Fact]:
    yield _Fact("merges", event.surviving_id, {"kind": UNMERGED, "merged_customer_id": event.merged_id})


@_facts.register
def _(tour: TourPublished) -> Iterable[_Fact]:
    columns = _columns(tour, "tour_id", "family_id", "region", "theme", "nights", "price_from")
    yield _Fact("tours", None, columns)


@_facts.register
def _(departure: DepartureScheduled) -> Iterable[_Fact]:
    columns = _columns(
        departure, "departure_id", "tour_id", "departs_on", "seats_total", "seats_left", "price"
    )
    yield _Fact("departures", None, columns)


@_facts.register
def _(event: RecommendationShown) -> Iterable[_Fact]:
    columns = _columns(event, "recommendation_id", "tour_id", "position", "propensity", "model")
    more = {"clicked": isinstance(event, RecommendationClicked), "alternatives": list(event.alternatives)}
    yield _Fact("suggestions", event.person_profile_id, columns | more)


GIVING_FACTS = frozenset(
    name
    for name, event_type in TYPES.items()
    if _facts.dispatch(event_type.payload) is not _facts.dispatch(Payload)
)
"""The event types that give fact rows; all others change no feature."""
