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
from models.recommender.contract import Rung, Settings

WORTH_THREADS = 200_000
"""From so many pairs of customer and family on, more threads pay; below, on a busy machine, they cost ten times."""


class ALSSettings(Settings):
    """factors: at most the number of families. alpha: confidence added per booking. seed: of the first factors."""

    factors: int = Field(default=8, ge=1)
    regularisation: float = Field(default=10.0, gt=0)
    alpha: float = Field(default=10.0, gt=0)
    iterations: int = Field(default=20, ge=1)
    seed: int = Field(default=7, ge=0)


@dataclass(frozen=True)
class ImplicitALS(Rung):
    """Collaborative filtering for implicit feedback: Hu, Koren and Volinsky, ICDM 2008.

    Only the families' factors are kept. A visitor's factors are computed from the history when asked (their
    eq. 4, with confidence 1 + alpha * times), so a booking counts at once and no customer is in the model.

    item_factors: (families, factors).
    """

    name: ClassVar[str] = "als"
    families: tuple[str, ...]
    item_factors: np.ndarray
    regularisation: float
    alpha: float

    @classmethod
    def fit(cls, bookings: Bookings, settings: ALSSettings) -> Self:
        """Alternate between customers and families. BLAS gets one thread: implicit brings its own."""
        item_factors = _item_factors(bookings.counts(), settings)
        return cls(bookings.families, item_factors, settings.regularisation, settings.alpha)

    @cached_property
    def _gram(self) -> np.ndarray:
        """Y'Y + regularisation, (factors, factors)."""
        factors = self.item_factors.astype(np.float64)
        return factors.T @ factors + self.regularisation * np.eye(factors.shape[1])

    def fold_in(self, histories: sparse.csr_array) -> np.ndarray:
        """Return each history's factors, (n, factors): (Y'Y + Y'(C - I)Y + regularisation) x = Y'C p."""
        systems = np.repeat(self._gram[None], histories.shape[0], axis=0)
        targets = np.zeros((histories.shape[0], self.item_factors.shape[1]))
        for row in range(histories.shape[0]):
            booked, extra = self._booked(histories, row)
            systems[row] += (booked * extra[:, None]).T @ booked
            targets[row] = (1.0 + extra) @ booked
        return np.linalg.solve(systems, targets[:, :, None])[:, :, 0]

    def score_many(self, histories: sparse.csr_array, months: np.ndarray) -> np.ndarray:
        """Return the predicted preference; 0 everywhere for an empty history."""
        return self.fold_in(histories) @ self.item_factors.T.astype(np.float64)

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Split the predicted preference for `family` over the families of the history (their eq. 7)."""
        booked, extra = self._booked(history, 0)
        system = self._gram + (booked * extra[:, None]).T @ booked
        weights = np.zeros(len(self.families))
        solved = np.linalg.solve(system, self.item_factors[family].astype(np.float64))
        weights[history.indices] = (booked @ solved) * (1.0 + extra)
        return weights

    def arrays(self) -> dict[str, np.ndarray]:
        """Return factors and the two settings that folding in needs."""
        settings = np.array([self.regularisation, self.alpha])
        return {"item_factors": self.item_factors, "settings": settings}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these factors."""
        regularisation, alpha = arrays["settings"].tolist()
        return cls(families, arrays["item_factors"], regularisation, alpha)

    def _booked(self, histories: sparse.csr_array, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the factors of a history's families, (m, factors), and their confidence above 1, (m,)."""
        entries = slice(histories.indptr[row], histories.indptr[row + 1])
        factors = self.item_factors[histories.indices[entries]].astype(np.float64)
        return factors, self.alpha * histories.data[entries]


def _item_factors(counts: sparse.csr_array, settings: ALSSettings) -> np.ndarray:
    from implicit.cpu.als import (
        AlternatingLeastSquares,
    )  # loads a BLAS of its own, so before the limit is set

    confidence = sparse.csr_matrix(counts, dtype=np.float32)
    confidence.data = (1.0 + settings.alpha * confidence.data).astype(np.float32)
    with threadpool_limits(1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=min(settings.factors, counts.shape[1]),
            regularization=settings.regularisation,
            iterations=settings.iterations,
            random_state=settings.seed,
            num_threads=1 if counts.nnz < WORTH_THREADS else 0,
        )
        model.fit(confidence, show_progress=False)
    return np.asarray(model.item_factors)
