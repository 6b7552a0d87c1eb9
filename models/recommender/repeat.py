"""Repeat or new: how likely a customer books again what they know, and what that does to a ranking."""

from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from scipy import sparse

NOVELTIES = tuple(np.geomspace(0.05, 20.0, 25).tolist())
DISCOUNTS = tuple((np.arange(10) / 10).tolist())


@dataclass(frozen=True)
class RepeatOrNew:
    """The chance that a customer's next booking is of a family booked before.

    After n bookings of d families the next is new with chance (novelty + discount * d) / (novelty + n): the more
    bookings the fewer surprises, and the more families so far the more new ones to come (two-parameter model of
    Pitman and Yor, Annals of Probability, 1997). Learned for an operator, it tells its customers apart: five times
    the same tour, or five tours once each.
    """

    novelty: float
    discount: float

    @classmethod
    def fit(cls, counts: sparse.csr_array) -> Self:
        """Take the likeliest parameters of a grid for (customers, families) counts.

        One imagined customer who repeated and one who did not stand in where nobody has booked twice.
        """
        bookings, families = _bookings(counts), np.diff(counts.indptr)
        tails = _Tails(_more_than(families), _more_than(bookings), _more_than(counts.data))
        return cls(*max(product(NOVELTIES, DISCOUNTS), key=lambda pair: _likelihood(tails, *pair)))

    def propensity(self, counts: sparse.csr_array) -> np.ndarray:
        """Return the chance of a repeat for each row of (n, families) counts; 0 without history."""
        bookings, families = _bookings(counts), np.diff(counts.indptr)
        repeat = (bookings - self.discount * families) / (self.novelty + bookings)
        propensity: np.ndarray = repeat
        return propensity

    def next_family(self, chances: np.ndarray, counts: sparse.csr_array) -> np.ndarray:
        """Share out the next booking between families booked before and new ones.

        chances: (n, families), not negative. counts: (n, families), times booked. Within the families booked
        before, `chances` are weighed by the times booked. Returns (n, families); rows sum to 1.
        """
        times = counts.toarray()
        again = _normalised(chances * np.maximum(times - self.discount, 0.0))
        new = _normalised(np.where(times > 0, 0.0, chances))
        repeat = self.propensity(counts)[:, None]
        repeat = np.where(new.any(axis=1, keepdims=True), repeat, 1.0)
        chance: np.ndarray = repeat * again + (1.0 - repeat) * new
        return chance


def shares(scores: np.ndarray) -> np.ndarray:
    """Turn scores, (n, families), into shares of 1 in the same order; a row without any difference: zeros.

    Negative scores (a factor model has them) are lifted by the lowest of their row.
    """
    return _normalised(scores - np.minimum(scores.min(axis=1, keepdims=True), 0.0))


@dataclass(frozen=True)
class _Tails:
    """How many customers have more than i = 1, 2, ... families and bookings, and of how many pairs more than i."""

    families: np.ndarray
    bookings: np.ndarray
    times: np.ndarray


def _likelihood(tails: _Tails, novelty: float, discount: float) -> float:
    """Log of the exchangeable partition probability, summed over customers (Pitman, PTRF 1995, prop. 9)."""
    imagined = np.log(novelty + discount) + np.log(1 - discount) - 2 * np.log(1 + novelty)
    return float(
        imagined
        + tails.families @ np.log(novelty + discount * _steps(tails.families))
        - tails.bookings @ np.log(novelty + _steps(tails.bookings))
        + tails.times @ np.log(_steps(tails.times) - discount)
    )


def _more_than(values: np.ndarray) -> np.ndarray:
    """Return how many values are greater than 1, 2, ...: empty if none is."""
    histogram = np.bincount(values.astype(np.int64))
    tail: np.ndarray = (histogram.sum() - np.cumsum(histogram))[1:-1]
    return tail


def _steps(tail: np.ndarray) -> np.ndarray:
    return np.arange(1, len(tail) + 1)


def _bookings(counts: sparse.csr_array) -> np.ndarray:
    return np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()


def _normalised(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1, keepdims=True)
    normalised: np.ndarray = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return normalised
