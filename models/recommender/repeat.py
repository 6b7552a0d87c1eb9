"""Repeat or new: how likely a customer books again what they know, and what that does to a ranking."""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse
from scipy.special import gammaln

from models.recommender.attributes import UNKNOWN
from models.recommender.bookings import Bookings
from models.recommender.contexts import Contexts

BETAS = tuple(np.geomspace(0.05, 20.0, 19).tolist())
NOVELTIES = tuple(np.geomspace(0.05, 20.0, 25).tolist())
DISCOUNTS = tuple((np.arange(10) / 10).tolist())


@dataclass(frozen=True)
class RepeatOrNew:
    """Whether a customer's next booking is of the family booked last, of another one known, or of a new one.

    The same as last time: each customer has a chance of their own, drawn from Beta(again, other), which the
    operator's customers taught; after `a` such repeats in `m` chances it is taken for (again + a) / (again + other +
    m), so one customer who always comes back and one who never does are soon told apart, and of a newcomer nothing is
    claimed (beta-binomial model: Skellam, JRSS B 1948). Otherwise: after n bookings of d other families the next is
    new in proportion to novelty + discount * (d + 1), and known in proportion to n - discount * d (two-parameter
    model of Pitman and Yor, Annals of Probability, 1997).
    """

    again: float
    other: float
    novelty: float
    discount: float

    @classmethod
    def fit(cls, bookings: Bookings) -> Self:
        """Take the likeliest parameters of a grid.

        One imagined customer who repeated and one who did not stand in where nobody has booked twice.
        """
        contexts = bookings.contexts()
        again, other = max(product(BETAS, BETAS), key=_Returning.of(contexts).likelihood)
        novelty, discount = max(product(NOVELTIES, DISCOUNTS), key=_Exploring.of(bookings).likelihood)
        return cls(again, other, novelty, discount)

    def same_again(self, contexts: Contexts) -> np.ndarray:
        """Return each visitor's chance to book the family of the last booking once more, (n,); 0 without one."""
        chance = (self.again + contexts.again) / (self.again + self.other + contexts.moves)
        same: np.ndarray = np.where(contexts.latest == UNKNOWN, 0.0, chance)
        return same

    def propensity(self, counts: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Return each visitor's chance to book any family booked before, (n,); 0 without history."""
        known = counts.toarray() > 0
        chances = self.next_family(np.ones(counts.shape), counts, contexts)
        propensity: np.ndarray = (chances * known).sum(axis=1)
        return propensity

    def next_family(self, chances: np.ndarray, counts: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Share out the next booking between the family booked last, others booked before and new ones.

        chances: (n, families), not negative. counts: (n, families), times booked. Within the others booked before,
        `chances` are weighed by the times booked. Returns (n, families); rows sum to 1.
        """
        times = counts.toarray().astype(np.float64)
        same, others = self._last(times, contexts)
        known = _normalised(chances * np.maximum(others - self.discount, 0.0))
        new = _normalised(np.where(times > 0, 0.0, chances))
        surprise = self._surprise(others)[:, None]
        surprise = np.where(new.any(axis=1, keepdims=True), surprise, 0.0)
        surprise = np.where(known.any(axis=1, keepdims=True), surprise, 1.0)
        elsewhere = _normalised(surprise * new + (1.0 - surprise) * known)
        repeat = same.sum(axis=1, keepdims=True)
        both = same + (1.0 - repeat) * elsewhere
        return _normalised(both)

    def _last(self, times: np.ndarray, contexts: Contexts) -> tuple[np.ndarray, np.ndarray]:
        """Return the chance of each family to be the last one again, and the times booked without it."""
        rows = np.flatnonzero(contexts.latest != UNKNOWN)
        columns = contexts.latest[rows]
        same, others = np.zeros_like(times), times.copy()
        same[rows, columns] = self.same_again(contexts)[rows]
        others[rows, columns] = 0.0
        return same, others

    def _surprise(self, others: np.ndarray) -> np.ndarray:
        """Return the chance that a booking is of a new family, if it is not of the last: (n,)."""
        booked, families = others.sum(axis=1), (others > 0).sum(axis=1)
        new = self.novelty + self.discount * (families + 1)
        chance: np.ndarray = new / (new + booked - self.discount * families)
        return chance


def shares(scores: np.ndarray) -> np.ndarray:
    """Turn scores, (n, families), into shares of 1 in the same order; a row without any difference: zeros.

    Negative scores (a factor model has them) are lifted by the lowest of their row.
    """
    return _normalised(scores - np.minimum(scores.min(axis=1, keepdims=True), 0.0))


class _Returning(NamedTuple):
    """So many customers each took the same again so often, in so many moves."""

    again: np.ndarray
    moves: np.ndarray
    customers: np.ndarray

    @classmethod
    def of(cls, contexts: Contexts) -> "_Returning":
        """Count the customers who moved at all, and the imagined ones."""
        seen = np.column_stack([contexts.again, contexts.moves])[contexts.moves > 0]
        kinds, customers = np.unique(np.vstack([seen, [[1, 1], [0, 1]]]), axis=0, return_counts=True)
        return cls(kinds[:, 0], kinds[:, 1], customers)

    def likelihood(self, parameters: tuple[float, float]) -> float:
        """Log of the beta-binomial probability, summed over customers, but for a constant."""
        again, other = parameters
        of_each = (
            gammaln(again + self.again)
            + gammaln(other + self.moves - self.again)
            - gammaln(again + other + self.moves)
        )
        constant = gammaln(again) + gammaln(other) - gammaln(again + other)
        return float(self.customers @ (of_each - constant))


class _Exploring(NamedTuple):
    """Bookings that were not of the last family, by what was known then: n bookings of d other families."""

    booked: np.ndarray
    families: np.ndarray
    new: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, bookings: Bookings) -> "_Exploring":
        """Count the bookings of each kind, and the imagined ones."""
        moves = _moves(bookings)
        imagined = np.array([[1, 1, 1], [1, 1, 0]])
        kinds, place = np.unique(np.vstack([moves, imagined])[:, :2], axis=0, return_inverse=True)
        new = np.concatenate([moves[:, 2], imagined[:, 2]])
        place = place.ravel()
        news = np.bincount(place, new, minlength=len(kinds))
        return cls(kinds[:, 0], kinds[:, 1], news, np.bincount(place, minlength=len(kinds)) - news)

    def likelihood(self, parameters: tuple[float, float]) -> float:
        """Log of the probability that each booking was new or known."""
        novelty, discount = parameters
        new = novelty + discount * (self.families + 1)
        known = self.booked - discount * self.families
        return float(
            self.new @ np.log(new)
            + self.known @ np.log(known)
            - (self.new + self.known) @ np.log(new + known)
        )


def _moves(bookings: Bookings) -> np.ndarray:
    """Return bookings that left the family of the time before for others: (n, 3).

    Columns: bookings of families other than that one so far, how many such families (one at least), and 1 if it was
    new to the customer.
    """
    order = bookings.in_order
    customer, family = bookings.customer[order].astype(np.int64), bookings.family[order]
    place = np.arange(len(order)) - _starts(customer)
    nth = _nth_of_its_kind(customer * len(bookings.families) + family)
    first = nth == 0
    so_far = np.cumsum(first)
    families = so_far - so_far[np.arange(len(order)) - place] + 1
    moved = np.flatnonzero((place[1:] > 0) & (family[1:] != family[:-1])) + 1
    others = place[moved] - (nth[moved - 1] + 1)
    rows = np.column_stack([others, families[moved - 1] - 1, first[moved]])
    chosen: np.ndarray = rows[rows[:, 1] > 0].astype(np.int64)
    return chosen


def _starts(customer: np.ndarray) -> np.ndarray:
    """Return the row at which each row's customer begins."""
    begins = np.concatenate([[True], customer[1:] != customer[:-1]]) if len(customer) else np.zeros(0, bool)
    starts: np.ndarray = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    return starts


def _nth_of_its_kind(kinds: np.ndarray) -> np.ndarray:
    """Return how many earlier rows are of the same kind."""
    order = np.argsort(kinds, kind="stable")
    nth = np.empty(len(kinds), dtype=np.int64)
    nth[order] = np.arange(len(kinds)) - _starts(kinds[order])
    return nth


def _normalised(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1, keepdims=True)
    normalised: np.ndarray = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return normalised
