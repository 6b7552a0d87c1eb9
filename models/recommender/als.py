"""Rung 3: tastes as factors, learned by implicit ALS."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse
from threadpoolctl import threadpool_limits

from models.recommender.bookings import Bookings
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung, Settings
from models.recommender.memo import LastAnswer

WORTH_THREADS = 200_000
"""From so many pairs of customer and family on, more threads pay; below, on a busy machine, they cost ten times."""


class ALSSettings(Settings):
    """factors: at most the number of families. alpha: confidence added per booking. seed: of the first factors.

    breadth_power: a customer of b families, of c on average, adds alpha * (c / b) to its power instead, so that the
    few who book everything do not outvote the others; 0: all alike.
    """

    factors: int = Field(default=8, ge=1)
    regularisation: float = Field(default=10.0, gt=0)
    alpha: float = Field(default=10.0, gt=0)
    iterations: int = Field(default=20, ge=1)
    breadth_power: float = Field(default=0.0, ge=0)
    seed: int = Field(default=7, ge=0)


@dataclass(frozen=True)
class ImplicitALS(Rung):
    """Collaborative filtering for implicit feedback: Hu, Koren and Volinsky, ICDM 2008.

    Only the families' factors are kept. A visitor's factors are computed from the history when asked (their
    eq. 4, with confidence 1 + alpha * times), so a booking counts at once and no customer is in the model.

    item_factors: (families, factors). breadth: families booked by the average customer.
    """

    name: ClassVar[str] = "als"
    families: tuple[str, ...]
    item_factors: np.ndarray
    regularisation: float
    alpha: float
    breadth_power: float
    breadth: float

    @classmethod
    def fit(cls, bookings: Bookings, settings: ALSSettings) -> Self:
        """Alternate between customers and families. BLAS gets one thread: implicit brings its own."""
        counts = bookings.counts()
        breadth = float(max(counts.nnz, 1) / max(counts.shape[0], 1))
        extra = _confidence(counts, settings.alpha, settings.breadth_power, breadth)
        factors = _item_factors(extra, settings)
        weighed = (settings.regularisation, settings.alpha, settings.breadth_power, breadth)
        return cls(bookings.families, factors, *weighed)

    @cached_property
    def _factors(self) -> np.ndarray:
        return self.item_factors.astype(np.float64)

    @cached_property
    def _gram(self) -> np.ndarray:
        """Y'Y + regularisation, (factors, factors)."""
        factors = self._factors
        gram: np.ndarray = factors.T @ factors + self.regularisation * np.eye(factors.shape[1])
        return gram

    @cached_property
    def _solved(self) -> np.ndarray:
        """Y inv(Y'Y + regularisation), (families, factors)."""
        solved: np.ndarray = np.linalg.solve(self._gram, self._factors.T).T
        return solved

    def fold_in(self, histories: sparse.csr_array) -> np.ndarray:
        """Return each history's factors, (n, factors): (Y'Y + Y'(C - I)Y + regularisation) x = Y'C p.

        Solved in the space of the history, which is smaller, by the matrix inversion lemma: with K = Y G Y' over its
        families, G the inverse of Y'Y + regularisation, x = G Y' inv(inv(C - I) + K) inv(C - I) C p.
        """
        extra = self._extra(histories)
        found = np.zeros((histories.shape[0], self.item_factors.shape[1]))
        for row in np.flatnonzero(np.diff(histories.indptr)):
            entries = slice(histories.indptr[row], histories.indptr[row + 1])
            columns, more = histories.indices[entries], extra[entries]
            solved = self._solved[columns]
            system = self._factors[columns] @ solved.T + np.diag(1.0 / more)
            found[row] = np.linalg.solve(system, (1.0 + more) / more) @ solved
        return found

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Return the predicted preference; 0 everywhere for an empty history."""
        scores: np.ndarray = self.fold_in(histories).astype(np.float32) @ self.item_factors.T
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Split the predicted preference for `family` over the families of the history (their eq. 7)."""
        weights = np.zeros(len(self.families))
        weights[history.indices] = self._split(history)[:, family]
        return weights

    @cached_property
    def _split(self) -> LastAnswer[sparse.csr_array, np.ndarray]:
        """What each family of a history adds to all, (families of the history, families)."""
        return LastAnswer(self._split_of)

    def _split_of(self, history: sparse.csr_array) -> np.ndarray:
        booked, extra = self._factors[history.indices], self._extra(history)
        system = self._gram + (booked * extra[:, None]).T @ booked
        split: np.ndarray = (booked @ np.linalg.solve(system, self._factors.T)) * (1.0 + extra)[:, None]
        return split

    def arrays(self) -> dict[str, np.ndarray]:
        """Return factors and what folding in needs."""
        settings = np.array([self.regularisation, self.alpha, self.breadth_power, self.breadth])
        return {"item_factors": self.item_factors, "settings": settings}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these factors."""
        return cls(families, arrays["item_factors"], *arrays["settings"].tolist())

    def _extra(self, histories: sparse.csr_array) -> np.ndarray:
        """Return the confidence above 1 of each stored entry, (nnz,)."""
        confidence = _confidence(histories, self.alpha, self.breadth_power, self.breadth)
        extra: np.ndarray = np.maximum(confidence.data.astype(np.float64), 1e-12)
        return extra


def _confidence(counts: sparse.csr_array, alpha: float, power: float, breadth: float) -> sparse.csr_array:
    """Return the confidence above 1, (customers, families)."""
    sizes = np.diff(counts.indptr)
    weights = np.repeat((np.maximum(sizes, 1) / breadth) ** -power, sizes)
    return sparse.csr_array(
        (alpha * weights * counts.data, counts.indices, counts.indptr), shape=counts.shape
    )


def _item_factors(extra: sparse.csr_array, settings: ALSSettings) -> np.ndarray:
    from implicit.cpu.als import (
        AlternatingLeastSquares,
    )  # loads a BLAS of its own, so before the limit is set

    confidence = sparse.csr_matrix(extra, dtype=np.float32)
    confidence.data = (1.0 + confidence.data).astype(np.float32)
    with threadpool_limits(1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=min(settings.factors, extra.shape[1]),
            regularization=settings.regularisation,
            iterations=settings.iterations,
            random_state=settings.seed,
            num_threads=1 if extra.nnz < WORTH_THREADS else 0,
        )
        model.fit(confidence, show_progress=False)
    return np.asarray(model.item_factors)
