"""One sentence per touchpoint, in German or English."""

from decimal import Decimal
from functools import singledispatch

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
from serving.languages import Language, spelled_date, spelled_money

CHANNELS: dict[Language, dict[str, str]] = {
    "de": {
        "email": "E-Mail", "whatsapp": "WhatsApp", "sms": "SMS", "phone": "Telefon", "letter": "Brief",
        "push": "Push",
    },
    "en": {
        "email": "e-mail", "whatsapp": "WhatsApp", "sms": "SMS", "phone": "phone", "letter": "letter",
        "push": "push",
    },
}  # fmt: skip
PURPOSES: dict[Language, dict[str, str]] = {
    "de": {"marketing": "Werbung", "profiling": "Profilbildung", "newsletter": "Newsletter"},
    "en": {"marketing": "marketing", "profiling": "profiling", "newsletter": "newsletter"},
}

Texts = dict[Language, str]


def timeline_text(payload: Payload, tour_name: str | None, language: Language) -> str:
    """Say in one sentence what happened. tour_name: of the tour the event names, if it is published."""
    return _texts(payload, tour_name)[language]


def _money(amount: Decimal, currency: str | None) -> Texts:
    return {language: spelled_money(amount, currency, language, 2) for language in CHANNELS}


@singledispatch
def _texts(payload: Payload, _tour: str | None) -> Texts:
    return {"de": type(payload).__name__, "en": type(payload).__name__}


@_texts.register
def _(event: BookingConfirmed, tour: str | None) -> Texts:
    name, price = tour or event.tour_id, _money(event.total_amount, event.currency)
    seats, day = len(event.travellers), event.departure_date
    return {
        "de": f"{name} gebucht: Abfahrt {spelled_date(day, 'de')}, {seats} "
        f"{'Person' if seats == 1 else 'Personen'}, {price['de']}.",
        "en": f"Booked {name}: departure {spelled_date(day, 'en')}, {seats} "
        f"{'person' if seats == 1 else 'people'}, {price['en']}.",
    }


@_texts.register
def _(event: BookingCancelled, _tour: str | None) -> Texts:
    refund = _money(event.refund_amount, event.currency)
    return {
        "de": f"Buchung {event.booking_id} storniert, Erstattung {refund['de']}.",
        "en": f"Booking {event.booking_id} cancelled, refund {refund['en']}.",
    }


@_texts.register
def _(event: BookingNoShow, _tour: str | None) -> Texts:
    return {
        "de": f"Nicht zur Abfahrt erschienen (Buchung {event.booking_id}).",
        "en": f"Did not turn up (booking {event.booking_id}).",
    }


@_texts.register
def _(event: CheckoutAbandoned, tour: str | None) -> Texts:
    name = tour or event.tour_id
    return {
        "de": f"Buchung von {name} abgebrochen (Schritt {event.step}).",
        "en": f"Left the checkout of {name} (step {event.step}).",
    }


@_texts.register
def _(event: AncillaryPurchased, _tour: str | None) -> Texts:
    price = _money(event.amount, event.currency)
    return {
        "de": f"Zusatzleistung gekauft: {event.category}, {price['de']}.",
        "en": f"Bought an extra: {event.category}, {price['en']}.",
    }


@_texts.register
def _(event: PaymentCompleted, _tour: str | None) -> Texts:
    price = _money(event.amount, event.currency)
    return {"de": f"Zahlung eingegangen: {price['de']}.", "en": f"Payment received: {price['en']}."}


@_texts.register
def _(event: BoardingEventCreated, _tour: str | None) -> Texts:
    late = event.minutes_late or 0
    stop = event.boarding_point_id
    return {
        "de": f"Eingestiegen in {stop}" + (f", {late} Minuten verspätet." if late > 0 else "."),
        "en": f"Boarded at {stop}" + (f", {late} minutes late." if late > 0 else "."),
    }


@_texts.register
def _(event: OnboardSaleRecorded, _tour: str | None) -> Texts:
    price = _money(event.amount, event.currency)
    return {
        "de": f"Im Bus gekauft: {event.category}, {price['de']}.",
        "en": f"Bought on board: {event.category}, {price['en']}.",
    }


@_texts.register
def _(_event: ServiceLegCompleted, _tour: str | None) -> Texts:
    return {"de": "War auf der Fahrt dabei.", "en": "Was on the coach."}


@_texts.register
def _(event: MessageDelivered, _tour: str | None) -> Texts:
    channel = {language: names[event.channel] for language, names in CHANNELS.items()}
    if isinstance(event, MessageRead):
        return {"de": f"Nachricht gelesen ({channel['de']}).", "en": f"Read a message ({channel['en']})."}
    return {"de": f"Nachricht erhalten ({channel['de']}).", "en": f"Received a message ({channel['en']})."}


@_texts.register
def _(event: ConversationResolved, _tour: str | None) -> Texts:
    channel = {language: names[event.channel] for language, names in CHANNELS.items()}
    rated = event.satisfaction is not None
    return {
        "de": f"Gespräch abgeschlossen ({channel['de']})"
        + (f", Bewertung {event.satisfaction} von 5." if rated else "."),
        "en": f"Conversation resolved ({channel['en']})"
        + (f", rated {event.satisfaction} of 5." if rated else "."),
    }


@_texts.register
def _(_event: PersonProfileUpdated, _tour: str | None) -> Texts:
    return {"de": "Kundendaten angelegt oder geändert.", "en": "Profile created or changed."}


@_texts.register
def _(event: ConsentGranted, _tour: str | None) -> Texts:
    purpose = {language: names[event.purpose] for language, names in PURPOSES.items()}
    if isinstance(event, ConsentRevoked):
        return {
            "de": f"Einwilligung widerrufen: {purpose['de']}.",
            "en": f"Consent revoked: {purpose['en']}.",
        }
    return {"de": f"Einwilligung erteilt: {purpose['de']}.", "en": f"Consent granted: {purpose['en']}."}


@_texts.register
def _(_event: PersonProfilesMerged, _tour: str | None) -> Texts:
    return {"de": "Zwei Profile zusammengeführt.", "en": "Two profiles merged."}


@_texts.register
def _(_event: PersonProfilesUnmerged, _tour: str | None) -> Texts:
    return {"de": "Zwei Profile wieder getrennt.", "en": "Two profiles taken apart again."}


@_texts.register
def _(_event: PersonErasureRequested, _tour: str | None) -> Texts:
    return {"de": "Löschung der Daten verlangt.", "en": "Asked for erasure of their data."}


@_texts.register
def _(event: RecommendationShown, tour: str | None) -> Texts:
    name = tour or event.tour_id
    if isinstance(event, RecommendationClicked):
        return {"de": f"Vorschlag angeklickt: {name}.", "en": f"Followed a suggestion: {name}."}
    return {"de": f"Vorschlag gesehen: {name}.", "en": f"Saw a suggestion: {name}."}
