"""Anna books the North Sea for Bernd and herself."""

from typing import Any

from serving.resources.examples.suggestions import LIST_ID

BOOKING: dict[str, Any] = {
    "specversion": "1.0",
    "id": "bk-20260111-17",
    "source": "commerce",
    "type": "BookingConfirmed",
    "time": "2026-01-11T10:32:00Z",
    "operatorid": "nordlicht",
    "dataversion": 1,
    "data": {
        "booking_id": "b-4711",
        "booker_profile_id": "p-anna",
        "tour_id": "nordsee-2026",
        "departure_id": "nordsee-2026-05-09",
        "departure_date": "2026-05-09",
        "total_amount": "998.00",
        "currency": "EUR",
        "sales_channel": "phone",
        "travellers": [
            {"person_profile_id": "p-anna", "seat_position": "window", "boarding_point_id": "bremen-zob"},
            {"person_profile_id": "p-bernd", "seat_position": "aisle", "boarding_point_id": "bremen-zob"},
        ],
    },
}
CONSENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "consent-88",
    "source": "backoffice",
    "type": "ConsentGranted",
    "time": "2026-01-11T10:35:00Z",
    "operatorid": "nordlicht",
    "data": {"person_profile_id": "p-anna", "purpose": "marketing"},
}
TAKEN_IN = {"accepted": 1, "duplicates": 0, "discarded": 0, "quarantined": []}
PUT_ASIDE = {
    "accepted": 1,
    "duplicates": 0,
    "discarded": 0,
    "quarantined": [
        {"id": "bk-18", "reason": "data.total_amount: Input should be greater than or equal to 0"}
    ],
}
SHOWN = {"recommendation_id": LIST_ID, "kind": "shown", "tour_id": "nordsee-2027", "position": 1}
CLICKED = SHOWN | {"kind": "clicked"}
METRICS = 'busflow_events_total{operator="nordlicht",type="BookingConfirmed"} 31274.0\n'
