"""The lists of the story: who is slipping away, and which groups there are."""

from datetime import UTC, datetime
from itertools import combinations

from serving.crm.records import (
    SegmentLine,
    SegmentMember,
    SegmentOverlap,
    SegmentOverview,
    SegmentPage,
    SlippingAway,
    SlippingCustomer,
)

from .anna import WINDOW
from .people import ANNA, BERND, CLARA, MALLORY, NOW, PHONES, full_name, in_language

SEVENTY = 70
"""Members of the group `couples`: more than a page holds."""


def slipping(language: str, *, has_value: bool) -> SlippingAway:
    missed = in_language(
        language,
        "Hat sechs Jahre lang im Januar gebucht, in diesem Jahr nicht.",
        "Booked in January six years in a row, but not this year.",
    )
    return SlippingAway(
        "expected_spend" if has_value else "revenue",
        365 if has_value else None,
        NOW,
        [
            SlippingCustomer(
                "c-kerstin", "Kerstin Petersen", "+49 40 5551", 0.724, "high", 546.6, "EUR",
                datetime(2025, 1, 18, tzinfo=UTC), missed, WINDOW, contact_allowed=True,
            ),
            SlippingCustomer(
                CLARA, "Clara Lüders", None, 0.41, "medium", 332.1, "EUR", datetime(2025, 9, 2, tzinfo=UTC), None,
                None, contact_allowed=False,
            ),
            SlippingCustomer(
                MALLORY, full_name(MALLORY), None, 0.35, "medium", 12.0, "EUR", None, None, None, contact_allowed=True
            ),
        ],
    )  # fmt: skip


def segment_lines(language: str) -> list[SegmentLine]:
    early = in_language(language, "Frühbucher", "Early bookers")
    couples = in_language(language, "Paare", "Couples")
    north = in_language(language, "Nordsee-Freunde", "Friends of the North Sea")
    fresh = in_language(language, "Neu angelegt", "Just defined")
    return [
        SegmentLine("couples", couples, "rule", SEVENTY, 4, 1, NOW),
        SegmentLine("early", early, "rule", 40, 0, 2, NOW),
        SegmentLine("north", north, "cluster", 10, 10, 0, NOW),
        SegmentLine("fresh", fresh, "list", 0, 0, 0, None),
    ]


def overview(language: str) -> SegmentOverview:
    lines = segment_lines(language)
    pairs = zip(combinations(lines[:3], 2), (20, 5, 0), strict=True)
    return SegmentOverview(lines, [SegmentOverlap(one, other, both) for (one, other), both in pairs if both])


def members(segment_id: str) -> list[SegmentMember]:
    """Anna, Bernd and Clara, and strangers without a name of their own."""
    if segment_id == "fresh":
        return []
    known = [
        SegmentMember(one, full_name(one), PHONES.get(one), "22767", NOW) for one in (ANNA, BERND, CLARA)
    ]
    if segment_id != "couples":
        return known
    strangers = (f"c-{number}" for number in range(SEVENTY - len(known)))
    return known + [SegmentMember(one, f"Gast {one}", None, None, NOW) for one in strangers]


def segment_page(segment_id: str, language: str, page: int) -> SegmentPage | None:
    """Fifty members a page; null for a group nobody defined."""
    line = next((one for one in segment_lines(language) if one.segment_id == segment_id), None)
    if line is None:
        return None
    everybody = members(segment_id)
    pages = max(1, -(-len(everybody) // 50))
    shown = min(max(page, 1), pages)
    rule = in_language(language, "Plätze je Buchung: genau 2", "seats per booking: exactly 2")
    return SegmentPage(
        line,
        rule if line.kind == "rule" else None,
        everybody[(shown - 1) * 50 : shown * 50],
        shown,
        pages,
        len(everybody),
    )
