"""What is known of many visitors at once, beside how often they booked what."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.recommender.attributes import UNKNOWN

ANY_MONTH = 0
"""Stands for "no travel month asked for" in arrays of months."""


@dataclass(frozen=True)
class Contexts:
    """What n visitors ask for, and the order in their bookings. All of shape (n,), whole numbers.

    months: of travel, 1-12 or ANY_MONTH. stops: position of the boarding point, or UNKNOWN. latest: position of the
    family booked last, or UNKNOWN. moves: bookings after the first. again: how many of them were of the family booked
    the time before.
    """

    months: np.ndarray
    stops: np.ndarray
    latest: np.ndarray
    again: np.ndarray
    moves: np.ndarray

    @classmethod
    def nothing(cls, n: int) -> Self:
        """Return n visitors of whom nothing is known."""
        unknown, none = np.full(n, UNKNOWN), np.zeros(n, dtype=np.int64)
        return cls(np.full(n, ANY_MONTH), unknown, unknown, none, none)

    @classmethod
    def of_months(cls, months: np.ndarray) -> Self:
        """Return visitors of whom nothing but the month they ask for is known."""
        nothing = cls.nothing(len(months))
        return cls(months, nothing.stops, nothing.latest, nothing.again, nothing.moves)

    def __len__(self) -> int:
        return len(self.months)

    def take(self, rows: np.ndarray | slice) -> "Contexts":
        """Return these visitors."""
        return Contexts(*(column[rows] for column in vars(self).values()))

    def anytime(self) -> "Contexts":
        """Return the visitors without their months."""
        return Contexts(np.zeros_like(self.months), self.stops, self.latest, self.again, self.moves)
