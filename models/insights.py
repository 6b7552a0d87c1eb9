"""What stands out about a customer, and what to do about it: a pure function of features and scores.

Every insight carries the figures it rests on, and is silent where they are missing. Advertising asks for consent:
without it the suggestion is to speak of it when the customer calls. No insight rests on age, birthday or health.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from models.rfm import Rfm

Known = Mapping[str, Any]
Kind = Literal[
    "high_risk", "inactive", "due_again", "high_value", "unusual_change", "complaint", "abandoned_checkout",
    "upsell_extras", "upsell_longer_trip", "upsell_party",
]  # fmt: skip
Action = Literal[
    "call", "write", "apologise", "thank", "ask", "offer_extras", "offer_longer_trip", "offer_seats",
    "when_they_call",
]  # fmt: skip

TOP_FIFTH = 5
CHANGED = 2.0
"""Spend of a year that is so many times the year's before, or so small a part of it, is unusual."""
COMPLAINED_WITHIN_DAYS = 90
LEAST_TRIPS = 2
LEAST_NIGHTS_MORE = 2.0
LEAST_SEATS_MORE = 2.0
TWO_YEARS = 730.0


class Insight(NamedTuple):
    """One thing that stands out. weight: greater is shown first. evidence: feature values, and nothing else."""

    kind: Kind
    action: Action
    weight: float
    evidence: dict[str, Any]


class Scores(NamedTuple):
    """What models say of the customer; None where none has spoken. churn_band: low, medium, high or unknown."""

    churn_probability: float | None = None
    churn_band: str | None = None
    horizon_days: int | None = None
    rfm: Rfm | None = None


def insights(known: Known, scores: Scores) -> list[Insight]:
    """Return everything that stands out of a customer's features, the weightiest first."""
    found = [
        _high_risk(known, scores),
        _inactive(known),
        _due_again(known),
        _high_value(known, scores),
        _unusual_change(known),
        _complaint(known),
        *opportunities(known),
    ]
    return sorted((one for one in found if one is not None), key=lambda one: -one.weight)


def opportunities(known: Known) -> list[Insight]:
    """Return what else the customer may want: the booking left, extras, a longer trip, friends to take along."""
    found = (_abandoned(known), _extras(known), _longer_trip(known), _party(known))
    return [one for one in found if one is not None]


def _high_risk(known: Known, scores: Scores) -> Insight | None:
    if scores.churn_band != "high" or scores.churn_probability is None:
        return None
    evidence = {
        "churn_probability": scores.churn_probability,
        "horizon_days": scores.horizon_days,
        **_values(known, "days_since_last_booking"),
    }
    return Insight("high_risk", _allowed(known, "call"), 10 + scores.churn_probability, evidence)


def _inactive(known: Known) -> Insight | None:
    """Tell of a customer whose rebooking window is over, with no trip ahead."""
    left, width = known.get("days_to_rebooking_window"), known.get("rebooking_window_days")
    if left is None or width is None or known.get("upcoming_trips") or left + 2 * width >= 0:
        return None
    names = ("days_since_last_booking", "median_booking_gap_days", "last_booking_at")
    return Insight("inactive", _allowed(known, "write"), 6.0, _values(known, *names))


def _due_again(known: Known) -> Insight | None:
    """Tell of a customer within the rebooking window, with no trip ahead."""
    left, width = known.get("days_to_rebooking_window"), known.get("rebooking_window_days")
    once = (known.get("booking_days") or 0) < LEAST_TRIPS
    if once or left is None or width is None or known.get("upcoming_trips") or not -2 * width <= left <= 0:
        return None
    names = ("days_since_last_booking", "median_booking_gap_days", "usual_booking_month")
    return Insight("due_again", _allowed(known, "write"), 7.0, _values(known, *names))


def _high_value(known: Known, scores: Scores) -> Insight | None:
    if scores.rfm is None or scores.rfm.monetary < TOP_FIFTH:
        return None
    evidence = _values(known, "lifetime_revenue", "currency", "total_bookings")
    return Insight("high_value", "thank", 5.0, evidence | {"monetary_score": scores.rfm.monetary})


def _unusual_change(known: Known) -> Insight | None:
    """Tell of a year's spend unlike the year's before, by one usual booking at least."""
    two_years, year, usual = (
        known.get(name) for name in ("revenue_730d", "revenue_365d", "average_booking_value")
    )
    if (
        two_years is None
        or year is None
        or not usual
        or (known.get("days_since_first_booking") or 0) < TWO_YEARS
    ):
        return None
    before = two_years - year
    much_less, much_more = year * CHANGED <= before, year >= before * CHANGED
    if abs(year - before) < usual or not (much_less or much_more):
        return None
    evidence = {"revenue_365d": year, "revenue_year_before": before, **_values(known, "currency")}
    return Insight(
        "unusual_change",
        _allowed(known, "ask") if much_less else "thank",
        6.5 if much_less else 3.0,
        evidence,
    )


def _complaint(known: Known) -> Insight | None:
    since = known.get("days_since_last_complaint")
    if since is None or since > COMPLAINED_WITHIN_DAYS:
        return None
    return Insight(
        "complaint", "apologise", 8.0, _values(known, "days_since_last_complaint", "last_satisfaction")
    )


def _abandoned(known: Known) -> Insight | None:
    if not known.get("abandoned_checkouts_90d"):
        return None
    names = ("abandoned_checkouts_90d", "days_since_last_abandoned_checkout")
    return Insight("abandoned_checkout", _allowed(known, "call"), 5.5, _values(known, *names))


def _extras(known: Known) -> Insight | None:
    """Tell of a traveller who buys on board, but never an extra with the booking."""
    bought, trips = known.get("onboard_purchases") or 0, known.get("total_trips") or 0
    if trips < LEAST_TRIPS or known.get("ancillary_purchases") or not bought:
        return None
    evidence = _values(
        known, "onboard_purchases", "onboard_spend", "currency", "total_trips", "ancillary_purchases"
    )
    return Insight("upsell_extras", _allowed(known, "offer_extras"), 2.0, evidence)


def _longer_trip(known: Known) -> Insight | None:
    usual, longest = known.get("average_nights"), known.get("longest_nights")
    if usual is None or longest is None or longest - usual < LEAST_NIGHTS_MORE:
        return None
    return Insight(
        "upsell_longer_trip",
        _allowed(known, "offer_longer_trip"),
        1.5,
        _values(known, "average_nights", "longest_nights"),
    )


def _party(known: Known) -> Insight | None:
    usual, largest = known.get("average_party_size"), known.get("largest_party_size")
    if usual is None or largest is None or largest - usual < LEAST_SEATS_MORE:
        return None
    evidence = _values(known, "average_party_size", "largest_party_size")
    return Insight("upsell_party", _allowed(known, "offer_seats"), 1.0, evidence)


def _allowed(known: Known, action: Action) -> Action:
    """Advertising is for who agreed to it."""
    return action if known.get("marketing_consent") else "when_they_call"


def _values(known: Known, *names: str) -> dict[str, Any]:
    return {name: known.get(name) for name in names}
