"""From a rung's scores to chances of the next booking: the season and repeat-or-new come in here."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.recommender.contract import Rung
from models.recommender.repeat import RepeatOrNew, shares


@dataclass(frozen=True)
class Blend:
    """A rung, mixed with the season's popularity by `season_weight`, and split into repeats and new families."""

    rung: Rung
    season: Rung
    season_weight: float
    repeat: RepeatOrNew

    def chances(self, seen: sparse.csr_array, booked: sparse.csr_array, months: np.ndarray) -> np.ndarray:
        """Return the estimated chance of each family to be booked next, (n, families), rows summing to 1.

        seen: (n, families), times booked or viewed. booked: (n, families), times booked. months: (n,), 0 for any.
        """
        return self.repeat.next_family(self._mixed(seen, months), booked)

    def _mixed(self, seen: sparse.csr_array, months: np.ndarray) -> np.ndarray:
        popular = shares(self.season.score_many(seen, months))
        own = shares(self.rung.score_many(seen, months))
        own = np.where(own.any(axis=1, keepdims=True), own, popular)
        mixed: np.ndarray = (1.0 - self.season_weight) * own + self.season_weight * popular
        return mixed
