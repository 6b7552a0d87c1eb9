"""Rung 2: who booked this also booked that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from models.recommender.bookings import Bookings, binary
from models.recommender.contexts import Contexts
from models.recommender.contract import History, Rung, Settings
from models.recommender.pairs import Lookup, co_bookings, largest_per_row, row_numbers, stacked


class AlsoBookedSettings(Settings):
    """shrinkage: with so many common customers a pair counts half. neighbours: kept per family.

    breadth_power: a customer of b families weighs b to its negative. from_power, to_power: the same for the customers
    of the family booked and of the family suggested; the lower to_power, the more the popular are suggested.
    """

    shrinkage: float = Field(default=10.0, ge=0)
    neighbours: int = Field(default=200, ge=1)
    breadth_power: float = Field(default=1.0, ge=0)
    from_power: float = Field(default=0.5, ge=0)
    to_power: float = Field(default=0.5, ge=0)


@dataclass(frozen=True)
class AlsoBooked(Rung):
    """Item-to-item similarity with a correction for small numbers.

    Cosine of the families' customers, each customer weighing 1 / (families booked), so that who books everything
    says little about any pair: Shen et al., How Powerful is Graph Convolution for Recommendation?, CIKM 2021, eq. 8
    (cosine: Sarwar et al., WWW 2001). Shrunk by n / (n + shrinkage), n customers having booked both: Bell and
    Koren, ICDM 2007, section 4. So 3 of 3 customers do not beat 300 of 400. The three exponents of the
    normalisation, 1, 1/2 and 1/2 there, are settings (as in Christoffel et al., RecSys 2015, eq. 2).

    similarity: (families, families), row: the family booked, column: the family suggested.
    """

    name: ClassVar[str] = "also_booked"
    families: tuple[str, ...]
    similarity: sparse.csr_array

    @classmethod
    def fit(cls, bookings: Bookings, settings: AlsoBookedSettings) -> Self:
        """Compare all pairs of families that have a customer in common."""
        booked = binary(bookings.counts())
        return cls(bookings.families, stacked(_similar(booked, settings)))

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Add up the similarities to the families of each history, each counted once."""
        scores: np.ndarray = (binary(histories) @ self.similarity).toarray()
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Return the similarity of each family of the history to `family`."""
        weights = np.zeros(len(self.families))
        for booked in history.indices.tolist():
            weights[booked] = self._pairs.at(booked, family)
        return weights

    def strongest(self, history: History, family: int) -> tuple[str, float]:
        """Return the most similar family of the history, without laying the history out."""
        index = self.index
        columns = [index[name] for name in (*history.families, *history.viewed) if name in index] or [0]
        best = max(columns, key=lambda column: (self._pairs.at(column, family), -column))
        return self.families[best], self._pairs.at(best, family)

    @cached_property
    def _pairs(self) -> Lookup:
        return Lookup(self.similarity)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the similarity."""
        parts = self.similarity
        return {"data": parts.data, "indices": parts.indices, "indptr": parts.indptr}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with this similarity."""
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        return cls(families, sparse.csr_array(parts, shape=(len(families), len(families))))


def _similar(booked: sparse.csr_array, settings: AlsoBookedSettings) -> Iterator[sparse.csr_array]:
    breadth = np.maximum(np.diff(booked.indptr), 1.0)
    customers = np.maximum(np.bincount(booked.indices, minlength=booked.shape[1]), 1.0)
    of_first, of_second = customers**-settings.from_power, customers**-settings.to_power
    damping = (breadth**-settings.breadth_power).astype(np.float32)
    blocks = zip(co_bookings(booked), co_bookings(booked, damping), strict=True)
    for (rows, common), (_, damped) in blocks:
        first, second = row_numbers(common) + rows.start, common.indices
        similar = damped.data * of_first[first] * of_second[second]
        shrunk = similar * common.data / (common.data + settings.shrinkage)
        entries = (shrunk.astype(np.float32), common.indices, common.indptr)
        yield largest_per_row(sparse.csr_array(entries, shape=common.shape), settings.neighbours)
