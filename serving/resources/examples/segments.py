"""The segments Anna and Bernd are in."""

from typing import Any

from serving.resources.examples.people import ANNA, BERND

LOYAL, DORMANT = "loyal-yearly-travellers", "high-value-dormant"
_REFRESHED = "2026-11-01T02:00:00Z"

SUMMARIES: list[dict[str, Any]] = [
    {
        "segment_id": LOYAL,
        "name": "Treue Jahresreisende",
        "kind": "rule",
        "version": 2,
        "definition": "total_bookings >= 3 and median_booking_gap_days between 270 days and 460 days",
        "defined_at": "2026-03-02T09:15:00Z",
        "size": 812,
        "entered": 9,
        "left": 4,
        "as_of": _REFRESHED,
    },
    {
        "segment_id": "messe-2026",
        "name": "Messe 2026",
        "kind": "list",
        "version": 1,
        "definition": None,
        "defined_at": "2026-10-30T16:40:00Z",
        "size": None,
        "entered": None,
        "left": None,
        "as_of": None,
    },
]
OVERLAPS = [
    {"one": DORMANT, "other": LOYAL, "one_size": 240, "other_size": 812, "both": 31, "jaccard": 0.030362}
]
_MEMBERS = [
    {"customer_id": ANNA, "member_since": "2026-01-12T02:00:00Z", "given_name": None, "family_name": None},
    {"customer_id": BERND, "member_since": _REFRESHED, "given_name": None, "family_name": None},
]
MEMBERS = {"segment_id": LOYAL, "members": _MEMBERS, "next_cursor": "Yy1wM3Y4eDJ5ZHI3a3M1YnFl"}
MEMBERS_TO_CRM = {
    "segment_id": LOYAL,
    "members": [_MEMBERS[0] | {"given_name": "Anna", "family_name": "Müller"}],
    "next_cursor": None,
}
