"""RFM: how lately, how often and for how much, in fifths of the operator's own customers, and a name for it.

Hughes (1994), Strategic Database Marketing. Fifths are by value, not by rank: equal customers get equal scores, so
where most have booked once, that is the lowest score of all of them, and there may be no second one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Name = Literal[
    "champions", "loyal", "promising", "new", "needs_attention", "at_risk", "cannot_lose", "dormant"
]

FIFTHS = 5
LEAST_CUSTOMERS = 25
"""Of fewer customers no fifths are made."""

RECENCY, FREQUENCY, MONETARY = "days_since_last_booking", "total_bookings", "lifetime_revenue"


class Rfm(NamedTuple):
    """Scores from 1 (lowest fifth) to 5, and what such customers are called."""

    recency: int
    frequency: int
    monetary: int
    name: Name


@dataclass(frozen=True)
class RfmScale:
    """The bounds between the fifths (4,), each the greatest value of the fifth below. customers: how many made it.

    recency: of minus the days since the last booking, so that more is better everywhere.
    """

    customers: int
    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]

    @classmethod
    def fit(cls, days_since_last: Floats, bookings: Floats, revenue: Floats) -> Self | None:
        """Make the fifths of (customers,) who have booked; None with fewer than LEAST_CUSTOMERS."""
        if len(bookings) < LEAST_CUSTOMERS:
            return None
        return cls(len(bookings), *(_bounds(values) for values in (-days_since_last, bookings, revenue)))

    def of(self, known: Mapping[str, Any]) -> Rfm | None:
        """Score a customer's features; None for who has never booked."""
        if not known.get(FREQUENCY) or known.get(RECENCY) is None:
            return None
        recency = _score(self.recency, -float(known[RECENCY]))
        frequency = _score(self.frequency, float(known[FREQUENCY]))
        monetary = _score(self.monetary, float(known[MONETARY] or 0.0))
        return Rfm(recency, frequency, monetary, name_of(recency, frequency, monetary, int(known[FREQUENCY])))


def name_of(recency: int, frequency: int, monetary: int, bookings: int) -> Name:
    """Name a customer by three scores; who booked only once is new or promising, never loyal.

    >>> name_of(5, 5, 4, bookings=9), name_of(1, 5, 5, bookings=9), name_of(5, 1, 3, bookings=1)
    ('champions', 'cannot_lose', 'new')
    """
    worth = (frequency + monetary) / 2
    if recency >= 4:
        if bookings == 1:
            return "new"
        return "champions" if worth >= 4 else "loyal" if worth >= 3 else "promising"
    if recency == 3:
        return "loyal" if worth >= 3.5 and bookings > 1 else "needs_attention"
    if worth >= 4.5 and bookings > 1:
        return "cannot_lose"
    return "at_risk" if worth >= 3 and bookings > 1 else "dormant"


def _bounds(values: Floats) -> tuple[float, ...]:
    shares = np.arange(1, FIFTHS) / FIFTHS
    return tuple(float(bound) for bound in np.quantile(values, shares, method="inverted_cdf"))


def _score(bounds: tuple[float, ...], value: float) -> int:
    return 1 + sum(value > bound for bound in bounds)
