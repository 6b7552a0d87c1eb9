"""Rung 5: a blend of the rungs below, weights learned from bookings that were held out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from models.recommender.bookings import Bookings
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung
from models.recommender.stack import Examples, Lesson, Stack, StackSettings

WEIGHTS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5)
LEAST_CUSTOMERS, MOST_CUSTOMERS = 50, 2_000
"""With fewer to learn from, the rungs weigh alike; more would not move the weights."""


@dataclass(frozen=True)
class Mixture(Rung):
    """A weighted sum of the scores of complementary rungs, each visitor's scores of a rung scaled to length 1.

    Weights by greedy ascent: the best rung alone, then the rung and weight that add most to ndcg@k on the held-out
    bookings, as long as any does (ensemble selection: Caruana et al., ICML 2004).

    weights: (rungs,).
    """

    name: ClassVar[str] = "blend"
    families: tuple[str, ...]
    stack: Stack
    weights: np.ndarray

    @classmethod
    def fit(cls, bookings: Bookings, settings: StackSettings) -> Self:
        """Hold out, learn the weights, and fit the rungs again on everything."""
        lesson = Lesson.of(bookings, settings.seed)
        examples = Examples.of(Stack.fit(lesson.past, settings), lesson, settings)
        weights = learn_weights(examples, settings.k)
        return cls(bookings.families, Stack.fit(bookings, settings), weights)

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Add up the weighed scores."""
        return self.mixed(self.stack.scores(histories, contexts))

    def mixed(self, scores: np.ndarray) -> np.ndarray:
        """Return the weighed sum of the rungs' scores, (rungs, ...)."""
        summed: np.ndarray = np.tensordot(self.weights.astype(np.float32), scores, axes=1)
        return summed

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Add up what the families of the history add to each rung's score of `family`, weighed and scaled alike."""
        total = np.zeros(len(self.families))
        for weight, rung in zip(self.weights, self.stack.rungs, strict=True):
            if weight > 0:
                scores = np.maximum(rung.score_many(history, Contexts.nothing(1)), 0.0)
                length = float(np.linalg.norm(scores))
                total += weight * rung.contributions(history, family) / (length or 1.0)
        return total

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the weights and the rungs'."""
        return self.stack.arrays() | {"weights": self.weights}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the blend with these arrays."""
        return cls(families, Stack.restore(families, arrays), arrays["weights"])


def learn_weights(examples: Examples, k: int) -> np.ndarray:
    """Return one weight per rung, (rungs,); that of the first chosen is 1."""
    if len(examples) < LEAST_CUSTOMERS:
        return np.ones(examples.candidates.scores.shape[1])
    return _Ascent(examples.first(MOST_CUSTOMERS), k).weights


@dataclass(frozen=True)
class _Ascent:
    examples: Examples
    k: int

    @cached_property
    def weights(self) -> np.ndarray:
        rungs = self.examples.candidates.scores.shape[1]
        weights = max(np.eye(rungs), key=self.ndcg)
        best = self.ndcg(weights)
        while True:
            tried = [
                self._with(weights, rung, w)
                for rung in np.flatnonzero(weights == 0).tolist()
                for w in WEIGHTS
            ]
            reached = [self.ndcg(one) for one in tried]
            if not reached or max(reached) <= best:
                return weights
            best, weights = max(reached), tried[int(np.argmax(reached))]

    @cached_property
    def _ideal(self) -> np.ndarray:
        discounts = np.cumsum(1.0 / np.log2(np.arange(2, self.k + 2)))
        ideal: np.ndarray = discounts[np.minimum(self.examples.found, self.k) - 1]
        return ideal

    def ndcg(self, weights: np.ndarray) -> float:
        """Return the mean ndcg@k over the customers."""
        candidates = self.examples.candidates
        places = candidates.places(candidates.scores @ weights.astype(np.float32))
        hits = (self.examples.gains > 0) & (places < self.k)
        gain = 1.0 / np.log2(places[hits] + 2) / self._ideal[candidates.row[hits]]
        return float(gain.sum() / len(self.examples))

    @staticmethod
    def _with(weights: np.ndarray, rung: int, weight: float) -> np.ndarray:
        more = weights.copy()
        more[rung] = weight
        return more
