"""Which departure of a family is offered: the one that fits how the customer usually travels."""

from collections.abc import Sequence
from math import inf, log

from serving.offers import Offer
from serving.travel_history import Habits

MONTH, PRICE, NIGHT = 1.0, 2.0, 0.25
"""What a month away, a price e times as high, and a night more or less count against a departure."""

ALIKE = 1e-6
"""Smaller differences are noise of the computation."""


def best_offer(offers: Sequence[Offer], habits: Habits) -> Offer:
    """Return the offer nearest to the usual month, price and nights; among equals the soonest.

    Which boarding points can be reached was settled before (see `Shelf.offers`).
    """
    usual, month, nights = log(habits.price) if habits.price else None, habits.month, habits.nights
    best, least = offers[0], inf
    for offer in offers:
        misfit = 0.0
        if month is not None and offer.month is not None:
            apart = abs(offer.month - month)
            misfit += MONTH * min(apart, 12 - apart)
        if usual is not None and offer.log_price is not None:
            misfit += PRICE * abs(offer.log_price - usual)
        if nights is not None:
            misfit += NIGHT * abs(offer.tour.nights - nights)
        if misfit < least - ALIKE or (misfit < least + ALIKE and departs(offer) < departs(best)):
            best, least = offer, misfit
    return best


def departs(offer: Offer) -> tuple[str, str]:
    """Return what offers are sorted by, the soonest first."""
    if offer.departure is None:
        return ("", offer.tour.tour_id)
    return (offer.departure.departs_on.isoformat(), offer.departure.departure_id)
