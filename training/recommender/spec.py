"""The settings of a recommender training, and the candidates it compares."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from pydantic import BaseModel, ConfigDict, Field

from models.recommender import (
    AlsoBooked,
    AlsoBookedSettings,
    ALSSettings,
    ImplicitALS,
    Rung,
    SeasonPopularity,
    SeasonSettings,
)
from models.recommender.contract import Settings


@dataclass(frozen=True)
class Candidate:
    """A rung with its settings, as it would answer."""

    rung: type[Rung]
    settings: Settings
    season_weight: float


class RecommenderSpec(BaseModel):
    """The settings of a recommender training.

    horizon_days: a window is judged by what is booked within it. validation_windows: how many such windows before
    the test window choose the live rung. ks: cut-offs of the metrics, all reported; judged_by decides.
    least_customers: with fewer who booked two families, season popularity is live. season_weights: tried for each
    rung. also_booked, als: the settings tried, the first being the default where nothing can be compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizon_days: int = Field(default=180, ge=7, le=1_500)
    validation_windows: int = Field(default=2, ge=1)
    ks: tuple[int, ...] = (3, 5)
    judged_by: str = "ndcg@3"
    least_customers: int = Field(default=100, ge=10)
    season: SeasonSettings = SeasonSettings()
    season_weights: tuple[float, ...] = (0.3, 0.1, 0.6)
    also_booked: tuple[AlsoBookedSettings, ...] = (
        AlsoBookedSettings(shrinkage=10.0),
        AlsoBookedSettings(shrinkage=50.0),
    )
    als: tuple[ALSSettings, ...] = (
        ALSSettings(factors=8),
        ALSSettings(factors=4),
        ALSSettings(factors=16),
        ALSSettings(factors=8, alpha=2.0, regularisation=2.0),
    )
    seed: int = 7

    @property
    def horizon(self) -> timedelta:
        """The horizon as a duration."""
        return timedelta(days=self.horizon_days)

    def ladder(self) -> dict[str, tuple[Candidate, ...]]:
        """Return the candidates by rung, from the simplest rung to the most complex."""
        weights = self.season_weights
        return {
            SeasonPopularity.name: (Candidate(SeasonPopularity, self.season, weights[0]),),
            AlsoBooked.name: tuple(
                Candidate(AlsoBooked, s, w) for s, w in product(self.also_booked, weights)
            ),
            ImplicitALS.name: tuple(Candidate(ImplicitALS, s, w) for s, w in product(self.als, weights)),
        }
