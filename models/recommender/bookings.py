"""What the rungs learn from: bookings as columns of whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from models.recommender.attributes import UNKNOWN, Attributes
from models.recommender.contexts import ANY_MONTH, Contexts


@dataclass(frozen=True)
class Bookings:
    """One row per customer and booking, up to a moment.

    families: those booked, and those only published so far. customer: (n,), 0 to n_customers - 1.
    family: (n,), a position in `families`. month: (n,) of travel, 1-12, 0 where unknown.
    age_days: (n,), days since it was booked. attributes: of the families. stops: boarding points by name.
    stop: (n,), a position in `stops`, UNKNOWN where none was named.
    """

    families: tuple[str, ...]
    n_customers: int
    customer: np.ndarray
    family: np.ndarray
    month: np.ndarray
    age_days: np.ndarray
    attributes: Attributes
    stops: tuple[str, ...]
    stop: np.ndarray

    def __len__(self) -> int:
        return len(self.customer)

    def counts(self) -> sparse.csr_array:
        """Return how often each customer booked each family: (customers, families)."""
        shape = (self.n_customers, len(self.families))
        ones = np.ones(len(self), dtype=np.float32)
        return _summed(sparse.coo_array((ones, (self.customer, self.family)), shape=shape))

    def where(self, kept: np.ndarray) -> "Bookings":
        """Return the rows where `kept`, (n,), is true, of the same customers and families."""
        columns = {
            name: getattr(self, name)[kept] for name in ("customer", "family", "month", "age_days", "stop")
        }
        return replace(self, **columns)

    def of_month(self, month: int) -> "Bookings":
        """Return the bookings for travel in `month`, of the same customers and families."""
        return self.where(self.month == month)

    def before(self, days: float) -> "Bookings":
        """Return the bookings as they were `days` days earlier, of the same customers and families."""
        earlier = self.where(self.age_days > days)
        return replace(earlier, age_days=earlier.age_days - days)

    def contexts(self) -> Contexts:
        """Return what is known of each customer beside the counts, (customers,): usual month and stop, the latest."""
        latest = np.full(self.n_customers, UNKNOWN)
        latest[self.customer[self.in_order]] = self.family[self.in_order]
        months = _most_frequent(self.customer, self.month - 1, self.n_customers, 12) + 1
        stops = _most_frequent(self.customer, self.stop, self.n_customers, len(self.stops))
        again, moves = self._moves()
        return Contexts(np.where(months > 0, months, ANY_MONTH), stops, latest, again, moves)

    @cached_property
    def in_order(self) -> np.ndarray:
        """The rows customer by customer, the oldest booking first: (n,)."""
        order: np.ndarray = np.lexsort((self.family, -self.age_days, self.customer))
        return order

    def _moves(self) -> tuple[np.ndarray, np.ndarray]:
        """Return how often each customer booked the family of the time before, and had one before: (customers,)."""
        customer, family = self.customer[self.in_order], self.family[self.in_order]
        moved = customer[1:] == customer[:-1]
        same = moved & (family[1:] == family[:-1])
        again = np.bincount(customer[1:][same], minlength=self.n_customers)
        return again, np.bincount(customer[1:][moved], minlength=self.n_customers)


def bookings_of(
    customer_ids: Sequence[str] | np.ndarray,
    family_ids: Sequence[str] | np.ndarray,
    months: np.ndarray,
    age_days: np.ndarray,
) -> Bookings:
    """Return bookings with customers and families numbered in alphabetical order; columns of equal length.

    Nothing is known of attributes and boarding points; see `with_catalogue` and `with_stops`.
    """
    customers, customer = np.unique(np.asarray(customer_ids, dtype=object), return_inverse=True)
    families, family = np.unique(np.asarray(family_ids, dtype=object), return_inverse=True)
    nowhere = np.full(len(customer), UNKNOWN)
    unknown = Attributes.unknown(len(families))
    names = tuple(families.tolist())
    return Bookings(names, len(customers), customer, family, months, age_days, unknown, (), nowhere)


def with_catalogue(bookings: Bookings, families: Sequence[str], attributes: Attributes) -> Bookings:
    """Return the same bookings over the families of a catalogue, which must hold all that were booked."""
    place = {family: number for number, family in enumerate(families)}
    moved = np.array([place[family] for family in bookings.families], dtype=np.int64)
    return replace(bookings, families=tuple(families), family=moved[bookings.family], attributes=attributes)


def with_stops(bookings: Bookings, stops: Sequence[str | None]) -> Bookings:
    """Return the same bookings with the boarding point of each row, None where none was named."""
    names = tuple(sorted({stop for stop in stops if stop is not None}))
    number = {name: place for place, name in enumerate(names)}
    column = [UNKNOWN if stop is None else number[stop] for stop in stops]
    return replace(bookings, stops=names, stop=np.array(column, dtype=np.int64))


def binary(counts: sparse.csr_array) -> sparse.csr_array:
    """Return 1 where anything was booked."""
    ones = np.ones_like(counts.data, dtype=np.float32)
    return sparse.csr_array((ones, counts.indices, counts.indptr), shape=counts.shape)


def _most_frequent(customer: np.ndarray, value: np.ndarray, customers: int, values: int) -> np.ndarray:
    """Return each customer's most frequent value from 0 on, ties to the lower; UNKNOWN: none has one."""
    known = value >= 0
    pairs, times = np.unique(
        customer[known].astype(np.int64) * max(values, 1) + value[known], return_counts=True
    )
    who, what = np.divmod(pairs, max(values, 1))
    order = np.lexsort((-what, times, who))
    result = np.full(customers, UNKNOWN)
    result[who[order]] = what[order]
    return result


def _summed(entries: sparse.coo_array) -> sparse.csr_array:
    matrix = sparse.csr_array(entries)
    matrix.sum_duplicates()
    matrix.sort_indices()
    return matrix
