"""What the rungs learn from: bookings as columns of whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Bookings:
    """One row per customer and booking, up to a moment.

    families: the catalogue; every family was booked at least once. customer: (n,), 0 to n_customers - 1.
    family: (n,), a position in `families`. month: (n,) of travel, 1-12, 0 where unknown.
    age_days: (n,), days since it was booked.
    """

    families: tuple[str, ...]
    n_customers: int
    customer: np.ndarray
    family: np.ndarray
    month: np.ndarray
    age_days: np.ndarray

    def __len__(self) -> int:
        return len(self.customer)

    def counts(self) -> sparse.csr_array:
        """Return how often each customer booked each family: (customers, families)."""
        shape = (self.n_customers, len(self.families))
        ones = np.ones(len(self), dtype=np.float32)
        return _summed(sparse.coo_array((ones, (self.customer, self.family)), shape=shape))

    def of_month(self, month: int) -> "Bookings":
        """Return the bookings for travel in `month`, of the same customers and families."""
        kept = self.month == month
        columns = (self.customer[kept], self.family[kept], self.month[kept], self.age_days[kept])
        return Bookings(self.families, self.n_customers, *columns)


def bookings_of(
    customer_ids: Sequence[str] | np.ndarray,
    family_ids: Sequence[str] | np.ndarray,
    months: np.ndarray,
    age_days: np.ndarray,
) -> Bookings:
    """Return bookings with customers and families numbered in alphabetical order; columns of equal length."""
    customers, customer = np.unique(np.asarray(customer_ids, dtype=object), return_inverse=True)
    families, family = np.unique(np.asarray(family_ids, dtype=object), return_inverse=True)
    return Bookings(tuple(families.tolist()), len(customers), customer, family, months, age_days)


def binary(counts: sparse.csr_array) -> sparse.csr_array:
    """Return 1 where anything was booked."""
    ones = np.ones_like(counts.data, dtype=np.float32)
    return sparse.csr_array((ones, counts.indices, counts.indptr), shape=counts.shape)


def _summed(entries: sparse.coo_array) -> sparse.csr_array:
    matrix = sparse.csr_array(entries)
    matrix.sum_duplicates()
    matrix.sort_indices()
    return matrix
