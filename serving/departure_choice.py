"""Which departure of a family is offered: the one that fits how the customer usually travels."""

from collections.abc import Sequence
from math import log

from serving.offers import Offer
from serving.travel_history import Habits

MONTH, PRICE, NIGHT = 1.0, 2.0, 0.25
"""What a month away, a price e times as high, and a night more or less count against a departure."""


def best_offer(offers: Sequence[Offer], habits: Habits) -> Offer:
    """Return the offer nearest to the usual month, price and nights; among equals the soonest.

    Which boarding points can be reached was settled before (see `Offers.bookable`).
    """
    return min(offers, key=lambda offer: (_misfit(offer, habits), departs(offer)))


def departs(offer: Offer) -> tuple[str, str]:
    """Return what offers are sorted by, the soonest first."""
    if offer.departure is None:
        return ("", offer.tour.tour_id)
    return (offer.departure.departs_on.isoformat(), offer.departure.departure_id)


def _misfit(offer: Offer, habits: Habits) -> float:
    price = float(offer.departure.price if offer.departure else offer.tour.price_from)
    dearer = abs(log(price / habits.price)) if habits.price and price > 0 else 0.0
    longer = abs(offer.tour.nights - habits.nights) if habits.nights is not None else 0.0
    return round(MONTH * _months_apart(offer, habits.month) + PRICE * dearer + NIGHT * longer, 6)


def _months_apart(offer: Offer, month: int | None) -> int:
    if month is None or offer.departure is None:
        return 0
    apart = abs(offer.departure.departs_on.month - month)
    return min(apart, 12 - apart)
