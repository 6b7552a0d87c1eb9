"""Rung 2: what customers booked who share most with the visitor."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from models.recommender.bookings import Bookings, binary
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung, Settings


class SimilarCustomersSettings(Settings):
    """neighbours: who counts per visitor. customers: compared with at most, drawn at random by seed."""

    neighbours: int = Field(default=300, ge=1)
    customers: int = Field(default=50_000, ge=1)
    seed: int = Field(default=7, ge=0)


@dataclass(frozen=True)
class SimilarCustomers(Rung):
    """User-based neighbourhoods: Resnick et al., CSCW 1994; cosine of weighed bookings: Breese et al., UAI 1998.

    A family weighs 1 / (its customers), so that sharing what everybody books says little; a neighbour is divided by
    the root of the families booked. Only the nearest count: that is what no item-to-item model can say.

    The bookings of the customers, without names, are part of the rung: it is for data that somebody brings along, and
    no operator's artefact holds it.

    booked: (customers, families), 0/1. weights: (families,).
    """

    name: ClassVar[str] = "similar_customers"
    families: tuple[str, ...]
    booked: sparse.csr_array
    weights: np.ndarray
    neighbours: int

    @classmethod
    def fit(cls, bookings: Bookings, settings: SimilarCustomersSettings) -> Self:
        """Keep the bookings of customers, and weigh the families."""
        booked = binary(bookings.counts())
        customers = np.bincount(booked.indices, minlength=booked.shape[1])
        drawn = np.random.default_rng(settings.seed).permutation(booked.shape[0])[: settings.customers]
        weights = (1.0 / np.maximum(customers, 1)).astype(np.float32)
        kept = sparse.csr_array(booked[np.sort(drawn)])
        return cls(bookings.families, kept, weights, settings.neighbours)

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Add up the bookings of the nearest customers, each by similarity."""
        scores: np.ndarray = (self._nearest(histories) @ self.booked).toarray()
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Split the similarity of the neighbours who booked `family` over the families they share."""
        near = self._nearest(history).indices
        takers = near[self.booked[near][:, [family]].toarray().ravel() > 0]
        shared = self._compared[:, takers].sum(axis=1)
        weights = np.zeros(len(self.families))
        weights[history.indices] = shared[history.indices] * (history.data > 0)
        return weights

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the bookings, the weights and the number of neighbours."""
        parts = {"indices": self.booked.indices, "indptr": self.booked.indptr, "weights": self.weights}
        return parts | {"neighbours": np.array(self.neighbours)}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these arrays."""
        indices, indptr = arrays["indices"], arrays["indptr"]
        ones = np.ones(len(indices), dtype=np.float32)
        booked = sparse.csr_array((ones, indices, indptr), shape=(len(indptr) - 1, len(families)))
        return cls(families, booked, arrays["weights"], int(arrays["neighbours"]))

    @cached_property
    def _compared(self) -> sparse.csr_array:
        """What each family of a history adds to the similarity of each customer, (families, customers)."""
        breadth = np.maximum(np.diff(self.booked.indptr), 1).astype(np.float32)
        by_family = sparse.csr_array((sparse.diags_array(breadth**-0.5) @ self.booked).T)
        return sparse.csr_array(sparse.diags_array(self.weights) @ by_family)

    def _nearest(self, histories: sparse.csr_array) -> sparse.csr_array:
        """Return the similarities of each history's nearest customers, (n, customers)."""
        similar = sparse.csr_array(binary(histories) @ self._compared)
        for row in np.flatnonzero(np.diff(similar.indptr) > self.neighbours):
            own = similar.data[similar.indptr[row] : similar.indptr[row + 1]]
            own[own < np.partition(own, -self.neighbours)[-self.neighbours]] = 0.0
        similar.eliminate_zeros()
        return similar
