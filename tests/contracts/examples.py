"""One valid payload per event type and version, with every optional field filled."""

from typing import Any

_TRIP = {"tour_id": "nordsee-26", "departure_id": "nordsee-26-0501"}
_MONEY = {"amount": "12.50", "currency": "EUR"}
_DEPARTURE = {
    **_TRIP,
    "departs_on": "2026-05-01",
    "boarding_point_ids": ["bremen", "oldenburg"],
    "seats_total": 48,
    "seats_left": 3,
    "price": "499.00",
    "currency": "EUR",
}
_MESSAGE = {
    "message_id": "m1",
    "contact_id": "k1",
    "person_profile_id": "anna",
    "channel": "letter",
    "campaign_id": "spring",
}
_SHOWN = {
    "recommendation_id": "r1",
    "tour_id": "nordsee-26",
    "position": 1,
    "propensity": 0.25,
    "person_profile_id": "anna",
    "model": "nordlicht.recommender/3",
    "alternatives": ["nordsee", "harz"],
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "BookingConfirmed": {
        **_TRIP,
        "booking_id": "b1",
        "booker_profile_id": "anna",
        "departure_date": "2026-05-01",
        "total_amount": "998.00",
        "currency": "EUR",
        "sales_channel": "phone",
        "travellers": [
            {"person_profile_id": "anna", "seat_position": "aisle", "boarding_point_id": "bremen"},
            {},
        ],
    },
    "BookingCancelled": {
        "booking_id": "b1",
        "booker_profile_id": "anna",
        "refund_amount": "0.00",
        "currency": "EUR",
        "reason": "ill",
    },
    "BookingNoShow": {"booking_id": "b1", "person_profile_id": "bernd"},
    "CheckoutAbandoned": {**_TRIP, "session_id": "s1", "person_profile_id": "anna", "step": "seats"},
    "AncillaryPurchased": {
        **_MONEY,
        "booking_id": "b1",
        "person_profile_id": "anna",
        "category": "insurance",
    },
    "PaymentCompleted": {**_MONEY, "booking_id": "b1", "payer_profile_id": "anna", "method": "invoice"},
    "TourPublished": {
        "tour_id": "nordsee-26",
        "family_id": "nordsee",
        "name": {"de": "Nordsee 2026", "en": "North Sea 2026"},
        "region": "Küste",
        "theme": "Erholung",
        "nights": 4,
        "price_from": "399.00",
        "currency": "EUR",
    },
    "DepartureScheduled": _DEPARTURE,
    "DepartureUpdated": _DEPARTURE,
    "BoardingEventCreated": {
        "booking_id": "b1",
        "person_profile_id": "bernd",
        "boarding_point_id": "bremen",
        "seat_position": "window",
        "minutes_late": -5,
    },
    "OnboardSaleRecorded": {
        **_MONEY,
        "person_profile_id": "bernd",
        "departure_id": "nordsee-26-0501",
        "category": "coffee",
    },
    "ServiceLegCompleted": {
        "departure_id": "nordsee-26-0501",
        "leg_id": "l1",
        "person_profile_ids": ["anna", "bernd"],
    },
    "MessageDelivered": _MESSAGE,
    "MessageRead": _MESSAGE,
    "ConversationResolved": {
        "conversation_id": "c1",
        "contact_id": "k1",
        "person_profile_id": "anna",
        "channel": "phone",
        "satisfaction": 5,
        "nps": 10,
    },
    "PersonProfileUpdated": {
        "person_profile_id": "anna",
        "given_name": "Anna",
        "family_name": "Müller",
        "email": "anna@example.org",
        "phone": "+49 421 5550101",
        "birth_date": "1951-03-04",
        "postcode": "28195",
        "dietary_needs": "no nuts",
        "locale": "de-DE",
        "marketing_consent": True,
    },
    "ConsentGranted": {"person_profile_id": "anna", "purpose": "marketing"},
    "ConsentRevoked": {"person_profile_id": "anna", "purpose": "profiling"},
    "PersonProfilesMerged": {"surviving_id": "anna", "merged_id": "anna2"},
    "PersonProfilesUnmerged": {"surviving_id": "anna", "merged_id": "anna2"},
    "PersonErasureRequested": {"person_profile_id": "anna"},
    "RecommendationShown": _SHOWN,
    "RecommendationClicked": _SHOWN,
}

_PROFILE = {
    key: value for key, value in EXAMPLES["PersonProfileUpdated"].items() if key != "person_profile_id"
}

RETIRED_EXAMPLES: dict[tuple[str, int], dict[str, Any]] = {
    ("PassengerProfileUpdated", 1): {**_PROFILE, "passenger_profile_id": "anna"},
    ("PassengerProfileUpdated", 2): {**_PROFILE, "person_profile_id": "anna"},
}
