"""Which departure of a family is offered: the one that fits how the customer usually travels."""

from collections.abc import Sequence
from math import inf, log

from serving.offers import Offer
from serving.travel_history import Habits

MONTH, PRICE, NIGHT = 1.0, 2.0, 0.25
"""What a month away, a price e times as high, and a night more or less count against a departure."""


def best_offer(offers: Sequence[Offer], habits: Habits) -> Offer:
    """Return the offer nearest to the usual month, price and nights; among equals the soonest.

    offers: the soonest first. Which boarding points can be reached was settled before (see `Shelf.offers`).
    """
    usual = log(habits.price) if habits.price else None
    best, least = offers[0], inf
    for offer in offers:
        misfit = _misfit(offer, habits, usual)
        if misfit < least:
            best, least = offer, misfit
    return best


def departs(offer: Offer) -> tuple[str, str]:
    """Return what offers are sorted by, the soonest first."""
    if offer.departure is None:
        return ("", offer.tour.tour_id)
    return (offer.departure.departs_on.isoformat(), offer.departure.departure_id)


def _misfit(offer: Offer, habits: Habits, usual: float | None) -> float:
    """Return what speaks against an offer. usual: the logarithm of the usual price."""
    misfit = 0.0
    if habits.month is not None and offer.month is not None:
        apart = abs(offer.month - habits.month)
        misfit += MONTH * min(apart, 12 - apart)
    if usual is not None and offer.log_price is not None:
        misfit += PRICE * abs(offer.log_price - usual)
    if habits.nights is not None:
        misfit += NIGHT * abs(offer.tour.nights - habits.nights)
    return round(misfit, 6)
