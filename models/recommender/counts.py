"""True counts of distinct customers: what reasons are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from models.recommender.bookings import Bookings, binary
from models.recommender.pairs import Lookup, co_bookings, largest_per_row, stacked

PAIRS_KEPT = 200
"""Per family, the pairs with most customers are kept; one that is not kept is never claimed."""


@dataclass(frozen=True)
class BookingCounts:
    """How many customers booked a family, by month of travel, and how many booked two families.

    by_month: (13, families); row 0 counts bookings for any month. both: (families, families), diagonal empty.
    """

    families: tuple[str, ...]
    by_month: np.ndarray
    both: sparse.csr_array

    @classmethod
    def of(cls, bookings: Bookings) -> Self:
        """Count distinct customers."""
        booked = binary(bookings.counts())
        months = [_customers(booked), *(_customers(bookings.of_month(m).counts()) for m in range(1, 13))]
        both = stacked(largest_per_row(block, PAIRS_KEPT) for _, block in co_bookings(booked))
        return cls(bookings.families, np.stack(months), both.astype(np.int32))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the counts, for saving."""
        both = self.both
        return {"data": both.data, "indices": both.indices, "indptr": both.indptr, "by_month": self.by_month}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the counts whose `arrays` these are."""
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        shape = (len(families), len(families))
        return cls(families, arrays["by_month"], sparse.csr_array(parts, shape=shape))

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each family."""
        return {family: position for position, family in enumerate(self.families)}

    def customers_of(self, family: str, month: int = 0) -> int:
        """Return how many customers booked `family` for travel in `month`; 0: in any."""
        return int(self.by_month[month, self.index[family]])

    def customers_of_both(self, first: str, second: str) -> int:
        """Return how many customers booked both families; 0 also where the pair was not kept."""
        return int(self._pairs.at(self.index[first], self.index[second]))

    @cached_property
    def _pairs(self) -> Lookup:
        return Lookup(self.both)


def _customers(counts: sparse.csr_array) -> np.ndarray:
    return np.bincount(counts.indices, minlength=counts.shape[1]).astype(np.int32)
