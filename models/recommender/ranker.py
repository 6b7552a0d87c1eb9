"""Rung 6: the candidates of all rungs, each with its chance by gradient-boosted trees."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from models.recommender.bookings import Bookings
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung
from models.recommender.mixture import LEAST_CUSTOMERS, Mixture, learn_weights
from models.recommender.stack import Candidates, Examples, Lesson, Stack, StackSettings

if TYPE_CHECKING:
    from lightgbm import Booster


class RankerSettings(StackSettings):
    """trees, leaves, learning_rate, least_rows (in a leaf): of the boosting. threads: of its fitting."""

    trees: int = Field(default=60, ge=1)
    leaves: int = Field(default=8, ge=2)
    learning_rate: float = Field(default=0.1, gt=0)
    least_rows: int = Field(default=50, ge=1)
    threads: int = Field(default=1, ge=1)


@dataclass(frozen=True)
class Ranker(Rung):
    """Boosted trees over the union of the rungs' candidates: two stages, Covington et al., RecSys 2016.

    The trees (LightGBM) learn from bookings that were held out which candidates they were, by log loss; the rungs are
    then fitted again on everything. (In the training part of Gowalla log loss ranked other customers' bookings
    better than lambdarank, and its answers are chances.) Of each candidate the trees see every rung's and the
    blend's score, its share of the visitor's best, its place among the candidates, how many customers the family
    has, and how many families the visitor booked. Families of the history are scored by the blend; what no rung
    names scores 0. With too few customers to learn from, the blend answers.

    text: LightGBM's model text as bytes, (length,) of uint8; empty: the blend answers.
    """

    name: ClassVar[str] = "ranker"
    families: tuple[str, ...]
    mixture: Mixture
    text: np.ndarray
    most: int

    @classmethod
    def fit(cls, bookings: Bookings, settings: RankerSettings) -> Self:
        """Hold out, learn blend and trees, and fit the rungs again on everything."""
        lesson = Lesson.of(bookings, settings.seed)
        examples = Examples.of(Stack.fit(lesson.past, settings), lesson, settings)
        weights = learn_weights(examples, settings.k)
        mixture = Mixture(bookings.families, Stack.fit(bookings, settings), weights)
        return cls.learn(examples, lesson.customers, mixture, settings)

    @classmethod
    def learn(
        cls, examples: Examples, customers: np.ndarray, mixture: Mixture, settings: RankerSettings
    ) -> Self:
        """Return the ranker that learned from examples, and answers with the rungs of `mixture`.

        customers: (families,), who had booked each when the examples were made.
        """
        text = _boosted(examples, customers, mixture.weights, settings)
        return cls(mixture.families, mixture, text, settings.candidates)

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Return each candidate's chance to be booked, 0-1; of families of the history the blend's score."""
        scores = self.mixture.stack.scores(histories, contexts)
        mixed = self.mixture.mixed(scores)
        if not len(self.text):
            return mixed
        candidates = Candidates.of(scores, histories, self.most)
        answers = np.zeros_like(mixed)
        if len(candidates.row):
            breadth = np.diff(histories.indptr)
            features = _features(candidates, self.mixture.weights, self.mixture.stack.customers, breadth)
            chances = self._booster.predict(features, num_threads=1)
            answers[candidates.row, candidates.column] = chances
        known = (np.repeat(np.arange(len(mixed)), np.diff(histories.indptr)), histories.indices)
        answers[known] = mixed[known]
        return answers

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Return the blend's: trees only re-order what the rungs found in the history."""
        return self.mixture.contributions(history, family)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the blend's arrays, the trees as bytes of text, and how many candidates each rung names."""
        return self.mixture.arrays() | {"text": self.text, "most": np.array(self.most)}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the ranker with these arrays."""
        mixture = Mixture.restore(families, arrays)
        return cls(families, mixture, arrays["text"], int(arrays["most"]))

    @cached_property
    def _booster(self) -> "Booster":
        from lightgbm import Booster

        return Booster(model_str=self.text.tobytes().decode())


def _boosted(
    examples: Examples, customers: np.ndarray, weights: np.ndarray, settings: RankerSettings
) -> np.ndarray:
    """Return the trees' text as bytes; empty if too few customers booked a candidate."""
    import lightgbm

    candidates = examples.candidates
    if len(np.unique(candidates.row[examples.gains > 0])) < LEAST_CUSTOMERS:
        return np.zeros(0, dtype=np.uint8)
    features = _features(candidates, weights, customers, examples.breadth)
    data = lightgbm.Dataset(features, examples.gains, params={"verbose": -1})
    booster = lightgbm.train(_parameters(settings), data, num_boost_round=settings.trees)
    return np.frombuffer(booster.model_to_string().encode(), dtype=np.uint8)


def _parameters(settings: RankerSettings) -> dict[str, object]:
    return {
        "objective": "binary",
        "num_leaves": settings.leaves,
        "learning_rate": settings.learning_rate,
        "min_data_in_leaf": settings.least_rows,
        "num_threads": settings.threads,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }


def _features(
    candidates: Candidates, weights: np.ndarray, customers: np.ndarray, breadth: np.ndarray
) -> np.ndarray:
    """Return (c, 3 * (rungs + 1) + 2); see `Ranker`."""
    scores = [*candidates.scores.T, candidates.scores @ weights.astype(np.float32)]
    columns = [*scores, *(candidates.shares_of_best(one) for one in scores)]
    columns += [np.log1p(candidates.places(one)) for one in scores]
    columns += [np.log1p(customers[candidates.column]), np.log1p(breadth[candidates.row])]
    features: np.ndarray = np.column_stack(columns).astype(np.float32)
    return features
