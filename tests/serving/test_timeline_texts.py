"""Every event type of the design has its sentence, in both languages, and none shows a name of our code."""

import re

import pytest

from activity_log.attribution import touches
from activity_log.contracts.types import TYPES
from serving.timeline_texts import CHANNELS, PURPOSES, timeline_text

MONEY = {"currency": "EUR"}
FIRST_OF_MAY = {"departure_date": "2026-05-01"}
PAYLOADS = {
    "BookingConfirmed": {"booking_id": "b-7", "booker_profile_id": "p-1", "tour_id": "föhr-2026", "departure_id": "d",
                         "total_amount": "1234.50", "sales_channel": "phone", "travellers": [{}, {}],
                         **MONEY, **FIRST_OF_MAY},
    "BookingCancelled": {"booking_id": "b-7", "booker_profile_id": "p-1", "refund_amount": "100"},
    "BookingNoShow": {"booking_id": "b-7", "person_profile_id": "p-1"},
    "CheckoutAbandoned": {"session_id": "s", "person_profile_id": "p-1", "tour_id": "föhr-2026", "step": "payment"},
    "AncillaryPurchased": {"booking_id": "b-7", "person_profile_id": "p-1", "category": "Versicherung",
                           "amount": "20", **MONEY},
    "PaymentCompleted": {"booking_id": "b-7", "payer_profile_id": "p-1", "amount": "20", "method": "card", **MONEY},
    "BoardingEventCreated": {"booking_id": "b-7", "person_profile_id": "p-1", "boarding_point_id": "Hamburg",
                             "minutes_late": 25},
    "OnboardSaleRecorded": {"person_profile_id": "p-1", "departure_id": "d", "category": "Kaffee", "amount": "2.5",
                            **MONEY},
    "ServiceLegCompleted": {"departure_id": "d", "leg_id": "l", "person_profile_ids": ["p-1"]},
    "MessageDelivered": {"message_id": "m", "contact_id": "c", "person_profile_id": "p-1", "channel": "letter"},
    "MessageRead": {"message_id": "m", "contact_id": "c", "person_profile_id": "p-1", "channel": "letter"},
    "ConversationResolved": {"conversation_id": "c", "contact_id": "c", "person_profile_id": "p-1", "satisfaction": 2,
                             "channel": "phone"},
    "PersonProfileUpdated": {"person_profile_id": "p-1", "given_name": "Anna", "family_name": "Petersen"},
    "ConsentGranted": {"person_profile_id": "p-1", "purpose": "newsletter"},
    "ConsentRevoked": {"person_profile_id": "p-1", "purpose": "newsletter"},
    "PersonProfilesMerged": {"surviving_id": "p-1", "merged_id": "p-2"},
    "PersonProfilesUnmerged": {"surviving_id": "p-1", "merged_id": "p-2"},
    "PersonErasureRequested": {"person_profile_id": "p-1"},
    "RecommendationShown": {"recommendation_id": "r", "tour_id": "föhr-2026", "position": 1, "propensity": 1,
                            "person_profile_id": "p-1"},
    "RecommendationClicked": {"recommendation_id": "r", "tour_id": "föhr-2026", "position": 1, "propensity": 1,
                              "person_profile_id": "p-1"},
}  # fmt: skip
"""Anna's, one of each type that touches a person."""

NOBODYS = {
    "TourPublished",
    "DepartureScheduled",
    "DepartureUpdated",
}


def payload(type_):
    return TYPES[type_].payload.model_validate(PAYLOADS[type_])


def test_every_type_is_here_or_touches_nobody():
    assert set(PAYLOADS) | NOBODYS == set(TYPES)
    assert all(touches(payload(type_)) for type_ in PAYLOADS)


@pytest.mark.parametrize("type_", PAYLOADS)
def test_each_is_one_sentence_without_our_names(type_):
    german, english = (timeline_text(payload(type_), "Föhr im Mai", language) for language in ("de", "en"))
    assert german != english
    for text in (german, english):
        assert text.endswith(".")
        assert not re.search(r"[a-z][A-Z]|_|None|nan", text.replace("WhatsApp", "")), text
        assert not any(name in text for name in TYPES)


@pytest.mark.parametrize(
    ("type_", "german", "english"),
    [
        ("BookingConfirmed", "Föhr im Mai gebucht: Abfahrt 01.05.2026, 2 Personen, 1.234,50 €.",
         "Booked Föhr im Mai: departure 1 May 2026, 2 people, €1,234.50."),
        ("BoardingEventCreated", "Eingestiegen in Hamburg, 25 Minuten verspätet.",
         "Boarded at Hamburg, 25 minutes late."),
        ("MessageDelivered", "Nachricht erhalten (Brief).", "Received a message (letter)."),
        ("MessageRead", "Nachricht gelesen (Brief).", "Read a message (letter)."),
        ("ConversationResolved", "Gespräch abgeschlossen (Telefon), Bewertung 2 von 5.",
         "Conversation resolved (phone), rated 2 of 5."),
        ("ConsentGranted", "Einwilligung erteilt: Newsletter.", "Consent granted: newsletter."),
        ("ConsentRevoked", "Einwilligung widerrufen: Newsletter.", "Consent revoked: newsletter."),
        ("RecommendationClicked", "Vorschlag angeklickt: Föhr im Mai.", "Followed a suggestion: Föhr im Mai."),
    ],
)  # fmt: skip
def test_the_sentences_say_what_happened(type_, german, english):
    assert timeline_text(payload(type_), "Föhr im Mai", "de").replace("\xa0", " ") == german
    assert timeline_text(payload(type_), "Föhr im Mai", "en") == english


def test_a_tour_without_a_name_is_called_by_its_id():
    assert timeline_text(payload("BookingConfirmed"), None, "de").startswith("föhr-2026 gebucht")


def test_who_was_on_time_was_not_late():
    for minutes in (None, 0, -5):
        boarding = TYPES["BoardingEventCreated"].payload.model_validate(
            PAYLOADS["BoardingEventCreated"] | {"minutes_late": minutes}
        )
        assert timeline_text(boarding, None, "en") == "Boarded at Hamburg."


def test_every_channel_and_purpose_has_a_word():
    from typing import get_args

    from activity_log.contracts.fields import Channel, Purpose

    for language in ("de", "en"):
        assert set(CHANNELS[language]) == set(get_args(Channel))
        assert set(PURPOSES[language]) == set(get_args(Purpose))
