"""Rung 4: also-booked pairs, completed by what families have in common beyond direct pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse
from threadpoolctl import threadpool_limits

from models.recommender.also_booked import AlsoBooked, AlsoBookedSettings
from models.recommender.bookings import Bookings, binary
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung, Settings
from models.recommender.memo import LastAnswer


class GraphFilterSettings(Settings):
    """pairs: of the also-booked part. factors: at most half the families. weight: of the factors beside the pairs."""

    pairs: AlsoBookedSettings = AlsoBookedSettings()
    factors: int = Field(default=8, ge=1)
    weight: float = Field(default=0.3, ge=0)
    seed: int = Field(default=7, ge=0)


@dataclass(frozen=True)
class GraphFilter(Rung):
    """A closed-form graph filter (GF-CF): Shen et al., CIKM 2021, eq. 12.

    Adds to the similarities of `AlsoBooked` a low-pass filter of the bookings: the projection on the leading right
    singular vectors of bookings divided by the roots of the families a customer and the customers a family has.

    vectors: (families, factors), orthonormal. root_customers: (families,), root of the customers of each family.
    """

    name: ClassVar[str] = "graph_filter"
    families: tuple[str, ...]
    pairs: AlsoBooked
    vectors: np.ndarray
    root_customers: np.ndarray
    weight: float

    @classmethod
    def fit(cls, bookings: Bookings, settings: GraphFilterSettings) -> Self:
        """Compare all pairs, and find the leading vectors (seeded; BLAS gets one thread, for the same bits)."""
        booked = binary(bookings.counts())
        roots = np.sqrt(np.maximum(np.bincount(booked.indices, minlength=booked.shape[1]), 1.0))
        vectors = _leading_vectors(booked, roots, settings)
        pairs = AlsoBooked.fit(bookings, settings.pairs)
        return cls(bookings.families, pairs, vectors, roots, settings.weight)

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Add the pairs' score and the filtered history; each family of a history counts once."""
        filtered = (binary(histories) @ self._reading) @ self._writing
        scores: np.ndarray = self.pairs.score_many(histories, contexts) + filtered
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Split the score of `family`, which is a sum over the families of the history."""
        weights = self.pairs.contributions(history, family)
        weights[history.indices] += self._read(history) @ self._writing[:, family]
        return weights

    @cached_property
    def _read(self) -> LastAnswer[sparse.csr_array, np.ndarray]:
        """The factors of each family of a history, (families of the history, factors)."""
        return LastAnswer(lambda history: self._reading[history.indices])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the similarity, the vectors and their weight."""
        own = {"vectors": self.vectors, "root_customers": self.root_customers}
        return self.pairs.arrays() | own | {"weight": np.array(self.weight)}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these arrays."""
        pairs = AlsoBooked.restore(families, arrays)
        return cls(families, pairs, arrays["vectors"], arrays["root_customers"], float(arrays["weight"]))

    @cached_property
    def _reading(self) -> np.ndarray:
        """From families to factors, (families, factors)."""
        reading: np.ndarray = (self.vectors / self.root_customers[:, None]).astype(np.float32)
        return reading

    @cached_property
    def _writing(self) -> np.ndarray:
        """From factors back to families, weighted, (factors, families)."""
        writing: np.ndarray = (self.weight * self.vectors * self.root_customers[:, None]).T.astype(np.float32)
        return writing


def _leading_vectors(
    booked: sparse.csr_array, roots: np.ndarray, settings: GraphFilterSettings
) -> np.ndarray:
    """Return the leading right singular vectors, (families, factors), by randomised SVD (Halko et al., 2011)."""
    from sklearn.utils.extmath import randomized_svd

    breadth = np.sqrt(np.maximum(np.diff(booked.indptr), 1.0))
    scaled = sparse.diags_array(1 / breadth) @ booked @ sparse.diags_array(1 / roots)
    factors = max(1, min(settings.factors, min(booked.shape) // 2))
    matrix = sparse.csr_matrix(scaled, dtype=np.float32)  # half the time of float64, the same rankings
    with threadpool_limits(1, user_api="blas"):
        _, _, vectors = randomized_svd(matrix, factors, n_iter=6, random_state=settings.seed)
    leading: np.ndarray = vectors.T
    return leading
