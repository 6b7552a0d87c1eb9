"""What Anna is offered, and who is invited to the North Sea."""

from typing import Any

from serving.resources.examples.people import ANNA, BERND, INSIGHT, NOON, RFM, RISK, TIMELINE, VALUE

RECOMMENDER = {"name": "nordlicht.recommender", "version": "12", "trained_at": "2026-10-05T02:20:31Z"}
LIST_ID = "r-AQEABpK7mzt4n5wd3fQXhq2k"

UNKNOWN: dict[str, Any] = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "unknown customer: c-nobody",
    "errors": [],
}

TOUR = {
    "tour_id": "nordsee-2027",
    "departure_id": "nordsee-2027-05-08",
    "name": "Nordsee 2027",
    "score": 0.41,
    "position": 1,
    "reason": {
        "kind": "own_history",
        "text": "5-mal unter Ihren gebuchten Reisen: Nordsee.",
        "evidence": {"family": "nordsee", "because_of": "nordsee", "times": 5},
    },
    "family_id": "nordsee",
    "region": "nordsee",
    "theme": "meer",
    "nights": 6,
    "departs_on": "2027-05-08",
    "price": "499.00",
    "currency": "EUR",
    "seats_left": 23,
}
TOUR_EN = TOUR | {
    "name": "North Sea 2027",
    "reason": {
        "kind": "season_popularity",
        "text": "Popular in May: 214 guests were or are booked for that month.",
        "evidence": {"family": "nordsee", "customers": 214, "month": 5},
    },
}
RECOMMENDATION = {
    "recommendation_id": LIST_ID,
    "customer_id": ANNA,
    "model": RECOMMENDER,
    "basis": "als",
    "basis_note": "Die bisherigen Buchungen und was Gäste mit ähnlichem Geschmack buchen.",
    "generated_at": NOON,
    "items": [TOUR],
}
FOR_A_STRANGER = RECOMMENDATION | {
    "customer_id": None,
    "basis": "season_popularity",
    "basis_note": "No booking is known yet: what is popular in the season.",
    "items": [TOUR_EN],
}
ALSO_BOOKED = FOR_A_STRANGER | {
    "basis": "also_booked",
    "basis_note": "Bookings of the guests of North Sea.",
    "items": [
        TOUR_EN
        | {
            "reason": {
                "kind": "also_booked",
                "text": "38 of 214 guests booked on North Sea were booked on this tour too.",
                "evidence": {
                    "family": "ostsee",
                    "because_of": "nordsee",
                    "customers_both": 38,
                    "customers": 214,
                },
            }
        }
    ],
}
BATCH = [
    {"customer_id": ANNA, "recommendation": RECOMMENDATION, "problem": None},
    {"customer_id": "c-nobody", "recommendation": None, "problem": UNKNOWN},
]

LOGGED = {
    "recommendation_id": LIST_ID,
    "customer_id": ANNA,
    "endpoint": "recommend",
    "model": "nordlicht.recommender/12",
    "basis": "als",
    "generated_at": NOON,
    "features_at": "2026-11-01T11:58:30Z",
    "items": [
        {
            "tour_id": "nordsee-2027",
            "departure_id": "nordsee-2027-05-08",
            "position": 1,
            "score": 0.41,
            "propensity": 1.0,
        }
    ],
}

PROFILE: dict[str, Any] = {
    "customer_id": ANNA,
    "person": None,
    "as_of": NOON,
    "behavior": {
        "lifetime_revenue": 5988.0,
        "currency": "EUR",
        "total_bookings": 6,
        "cancelled_bookings": 0,
        "last_booking_at": "2026-01-11T10:32:00Z",
        "average_booking_lead_time": 117.5,
        "median_booking_gap_days": 365.0,
        "usual_booking_month": 1,
        "usual_travel_month": 5,
        "favourite_family": "nordsee",
        "favourite_family_name": "Nordsee",
        "average_party_size": 2.0,
        "total_trips": 6,
        "preferred_seat_position": "window",
        "preferred_boarding_point": "bremen-zob",
        "no_show_count": 0,
        "onboard_spend": 84.5,
    },
    "engagement": {
        "nps": 9,
        "satisfaction": 4.5,
        "churn_risk": 0.18,
        "score": 78.2,
        "known": 0.9,
        "parts": [],
    },
    "channel_preference": {
        "channel": "letter",
        "messages_delivered": 24,
        "messages_read": 15,
        "probability": 0.71,
        "purposes": [],
        "note": None,
        "model": {"name": "nordlicht.channel", "version": "3", "trained_at": "2026-10-05T02:25:00Z"},
    },
    "segments": ["Treue Jahresreisende"],
    "churn_risk": RISK,
    "recommendations": RECOMMENDATION,
    "timeline": TIMELINE["entries"],
    "value": VALUE,
    "rfm": RFM["score"],
    "purchase_pattern": None,
    "insights": [INSIGHT],
}
PROFILES = [
    {"customer_id": ANNA, "insight": PROFILE, "problem": None},
    {"customer_id": "c-nobody", "insight": None, "problem": UNKNOWN},
]

INVITATION = {
    "departure_id": "nordsee-2027-05-08",
    "tour_id": "nordsee-2027",
    "name": "Nordsee 2027",
    "departs_on": "2027-05-08",
    "price": "499.00",
    "currency": "EUR",
    "seats_left": 23,
    "purpose": "campaign",
    "model": RECOMMENDER,
    "generated_at": NOON,
    "customers": 5213,
    "invited": [
        {
            "customer_id": ANNA,
            "rank": 1,
            "score": 0.41,
            "reason": TOUR["reason"],
            "channel": "letter",
            "channels": ["email", "letter", "phone", "sms", "whatsapp"],
        },
        {
            "customer_id": BERND,
            "rank": 2,
            "score": 0.22,
            "reason": {
                "kind": "season_popularity",
                "text": "Beliebt im Mai: 214 Gäste waren oder sind für diesen Monat gebucht.",
                "evidence": {"family": "nordsee", "customers": 214, "month": 5},
            },
            "channel": None,
            "channels": [],
        },
    ],
    "excluded": {
        "other_segment": 0,
        "no_consent": 2107,
        "already_travelling": 41,
        "stop_out_of_reach": 188,
        "channel": 0,
        "lower_ranked": 2875,
    },
}
