"""Anna books the North Sea every May; Bernd travels with her."""

from typing import Any

ANNA, BERND = "c-6hq2k7mzt4n5wd3f", "c-p3v8x2ydr7ks5bqe"
"""Pseudonyms."""

VALUE_MODEL = {"name": "nordlicht.value", "version": "4", "trained_at": "2026-10-05T02:14:09Z"}
CHURN_MODEL = {"name": "nordlicht.churn", "version": "7", "trained_at": "2026-10-05T02:11:40Z"}
NOON = "2026-11-01T12:00:00Z"

HITS: list[dict[str, Any]] = [
    {
        "customer_id": ANNA,
        "given_name": "Anna",
        "family_name": "Müller",
        "postcode": "28195",
        "email": "anna.mueller@example.org",
        "phone": "+49 421 5550101",
    }
]

TIMELINE = {
    "entries": [
        {
            "event_id": "bk-20260111-17",
            "type": "BookingConfirmed",
            "source": "commerce",
            "occurred_at": "2026-01-11T10:32:00Z",
            "role": "booker",
            "text": "Hat „Nordsee 2026“ für 2 Personen gebucht (998,00 €).",
        }
    ],
    "next_cursor": "MTc2ODEyNzUyMDAwMDAwMC40MTI=",
}

RFM = {
    "customer_id": ANNA,
    "as_of": NOON,
    "days_since_last_booking": 294,
    "total_bookings": 6,
    "lifetime_revenue": 5988.0,
    "currency": "EUR",
    "score": {
        "recency": 4,
        "frequency": 5,
        "monetary": 4,
        "name": "loyal",
        "label": "Treu",
        "customers": 5213,
    },
    "note": None,
}
NO_RFM = {
    "customer_id": BERND,
    "as_of": NOON,
    "days_since_last_booking": None,
    "total_bookings": 0,
    "lifetime_revenue": 0.0,
    "currency": None,
    "score": None,
    "note": "No booking of their own is known yet.",
}

VALUE = {
    "bookings": {"expected": 0.94, "low": 0.0, "high": 2.0},
    "spend": {"expected": 961.3, "low": 0.0, "high": 1890.0},
    "lifetime_value": 2674.8,
    "lifetime_years": 3,
    "discount": 0.1,
    "currency": "EUR",
    "horizon_days": 365,
    "as_of": NOON,
    "model": VALUE_MODEL,
    "note": None,
}
CLV = {"customer_id": ANNA, **VALUE}

INSIGHT = {
    "kind": "due_again",
    "text": "Bucht meist im Januar und hat für das kommende Jahr noch nicht gebucht.",
    "action": "call",
    "suggestion": "Anrufen und die Nordsee im Mai anbieten.",
    "evidence": {"usual_booking_month": 1, "days_since_last_booking": 294},
}
INSIGHTS = {"customer_id": ANNA, "as_of": NOON, "insights": [INSIGHT]}

MEMBERSHIPS = [
    {
        "segment_id": "loyal-yearly-travellers",
        "name": "Treue Jahresreisende",
        "kind": "rule",
        "member_since": "2026-01-12T02:00:00Z",
    }
]

RISK = {
    "customer_id": ANNA,
    "probability": 0.18,
    "band": "low",
    "horizon_days": 365,
    "reasons": [
        {
            "kind": "days_since_last_booking",
            "text": "Die letzte Buchung ist 294 Tage her, üblich sind 365.",
            "evidence": {"days_since_last_booking": 294, "median_booking_gap_days": 365},
        }
    ],
    "as_of": NOON,
    "model": CHURN_MODEL,
    "rebooking_window": {"earliest": "2026-12-20", "likely": "2027-01-14", "latest": "2027-03-02"},
}
RISK_WITHOUT_REASONS = RISK | {"reasons": []}
