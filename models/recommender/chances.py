"""From a rung's scores to chances of the next booking: season, likeness and repeat-or-new come in here."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.recommender.attribute_match import AttributeMatch
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung
from models.recommender.repeat import RepeatOrNew, shares
from models.recommender.season import SeasonPopularity

SEASON_FLOOR = 1e-3
"""Of the yearly share, so that no month rules a family out."""


@dataclass(frozen=True)
class Chances:
    """A rung, completed by what it cannot know, as an answer.

    Families that few have booked lean on their likeness to those of the history, by believed / (believed +
    customers): so a new family has a chance from the day it is published, and a history of such families says
    something. The season multiplies: by how much oftener a family is booked for the month asked for, to the power of
    `season_power`; and adds, by `season_weight`. Repeat-or-new shares out between what is known to the visitor and
    what is new. A rung that is complete answers for itself.

    customers: (families,), who booked each.
    """

    rung: Rung
    season: SeasonPopularity
    likeness: AttributeMatch
    repeat: RepeatOrNew
    customers: np.ndarray
    season_weight: float
    season_power: float
    believed: float = 10.0

    def chances(self, seen: sparse.csr_array, booked: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Return the estimated chance of each family to be booked next, (n, families), rows summing to 1.

        seen: (n, families), times booked or viewed. booked: (n, families), times booked. contexts: of the n visitors.
        """
        if self.rung.complete:
            return shares(self.rung.score_many(seen, contexts))
        return self.repeat.next_family(self._mixed(seen, contexts), booked, contexts)

    def _mixed(self, seen: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        popular = self.season.score_many(seen, contexts)
        if isinstance(self.rung, SeasonPopularity):
            return popular
        alike = self._or(shares(self.likeness.score_many(seen, contexts)), popular)
        own = self._or(shares(self.rung.score_many(seen, contexts)), alike)
        known = self._known(seen)
        own = known * own + (1.0 - known) * alike
        lift = (popular / np.maximum(self.season.shares[0], 1e-12)) ** self.season_power
        own = shares(own * np.maximum(lift, SEASON_FLOOR))
        mixed: np.ndarray = (1.0 - self.season_weight) * own + self.season_weight * popular
        return mixed

    def _known(self, seen: sparse.csr_array) -> np.ndarray:
        """Return how far the rung is believed, (n, families), by who booked the families of history and answer."""
        customers = self.customers.astype(np.float64)
        times = np.asarray(seen.sum(axis=1)).ravel()
        support = np.divide(
            seen @ customers, times, out=np.zeros_like(times, dtype=np.float64), where=times > 0
        )
        believed: np.ndarray = np.outer(
            support / (support + self.believed), customers / (customers + self.believed)
        )
        return believed

    @staticmethod
    def _or(own: np.ndarray, popular: np.ndarray) -> np.ndarray:
        """Return popularity where a rung says nothing of a visitor."""
        return np.where(own.any(axis=1, keepdims=True), own, popular)
