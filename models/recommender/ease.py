"""Rung 3: a closed-form item model, on the families booked most."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from models.recommender.bookings import Bookings, binary
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung, Settings


class EaseSettings(Settings):
    """ridge: the larger, the more common customers a weight needs. families: at most, the most booked are taken."""

    ridge: float = Field(default=200.0, gt=0)
    families: int = Field(default=2_000, ge=1)


@dataclass(frozen=True)
class Ease(Rung):
    """Each family from all others at once by ridge regression: Steck, Embarrassingly Shallow Autoencoders, WWW 2019.

    weights = I - P diag(1 / diag P) (his eq. 8), P the inverse of B'B + ridge on the diagonal, B the bookings of the
    families booked most: P is dense, and its cost grows with their cube. The others score 0.

    chosen: (c,), the families modelled. weights: (c, c), row: the family booked, column: the family suggested.
    """

    name: ClassVar[str] = "ease"
    families: tuple[str, ...]
    chosen: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(cls, bookings: Bookings, settings: EaseSettings) -> Self:
        """Invert the co-bookings of the families booked most."""
        booked = binary(bookings.counts())
        customers = np.bincount(booked.indices, minlength=booked.shape[1])
        chosen = np.sort(np.argsort(-customers, kind="stable")[: settings.families])
        return cls(bookings.families, chosen, _weights(sparse.csr_array(booked[:, chosen]), settings.ridge))

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Add up the weights of the families of each history, each counted once."""
        scores = np.zeros(histories.shape, dtype=np.float32)
        scores[:, self.chosen] = sparse.csr_array(binary(histories)[:, self.chosen]) @ self.weights
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Return the weight of each family of the history."""
        added = np.zeros(len(self.families))
        place = np.flatnonzero(self.chosen == family)
        known = np.flatnonzero(np.isin(self.chosen, history.indices))
        if len(place):
            added[self.chosen[known]] = self.weights[known, place[0]]
        return added

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the families modelled and their weights."""
        return {"chosen": self.chosen, "weights": self.weights}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these weights."""
        return cls(families, arrays["chosen"], arrays["weights"])


def _weights(booked: sparse.csr_array, ridge: float) -> np.ndarray:
    """Return eq. 8, (c, c) of float32, in the memory of one float64 matrix and its mirror."""
    gram = (booked.T @ booked).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += ridge
    with threadpool_limits(1, user_api="blas"):
        lower = linalg.cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
        inverse, _ = linalg.lapack.dpotri(lower, lower=1, overwrite_c=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights: np.ndarray = (-inverse / np.diag(inverse)[None, :]).astype(np.float32)
    np.fill_diagonal(weights, 0.0)
    return weights
