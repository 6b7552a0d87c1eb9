"""The settings of a recommender training, and what it tries."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.recommender import (
    AlsoBooked,
    AlsoBookedSettings,
    ALSSettings,
    GraphFilter,
    GraphFilterSettings,
    ImplicitALS,
    SeasonPopularity,
    SeasonSettings,
)
from models.recommender.contract import Settings
from training.recommender.metrics import METRICS


class RecommenderSpec(BaseModel):
    """The settings of a recommender training.

    horizon_days: a window is judged by what is booked within it. validation_windows: how many such windows before
    the test window choose the live rung. ks: cut-offs of the metrics, all reported; judged_by decides.
    least_customers: with fewer who booked two families, season popularity is live. season_weights: tried for each
    rung, as are the settings of the rungs; the first of each is the default where nothing can be compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizon_days: int = Field(default=180, ge=7, le=1_500)
    validation_windows: int = Field(default=2, ge=1)
    ks: tuple[int, ...] = (3, 5)
    judged_by: str = "ndcg@3"
    least_customers: int = Field(default=100, ge=10)
    season_weights: tuple[float, ...] = Field(default=(0.3, 0.1, 0.6), min_length=1)
    season: SeasonSettings = SeasonSettings()
    also_booked: tuple[AlsoBookedSettings, ...] = Field(
        default=(AlsoBookedSettings(shrinkage=10.0), AlsoBookedSettings(shrinkage=50.0)), min_length=1
    )
    als: tuple[ALSSettings, ...] = Field(
        default=(
            ALSSettings(factors=8),
            ALSSettings(factors=16),
            ALSSettings(factors=32, regularisation=30.0),
        ),
        min_length=1,
    )
    graph_filter: tuple[GraphFilterSettings, ...] = Field(
        default=(GraphFilterSettings(factors=4), GraphFilterSettings(factors=16)), min_length=1
    )
    seed: int = 7

    @model_validator(mode="after")
    def _judges_by_what_it_measures(self) -> Self:
        measured = [f"{metric}@{k}" for k in self.ks for metric in METRICS]
        if self.judged_by not in measured:
            raise ValueError(f"judged_by is '{self.judged_by}': use one of {', '.join(measured)}")
        return self

    @property
    def horizon(self) -> timedelta:
        """The horizon as a duration."""
        return timedelta(days=self.horizon_days)

    @property
    def tried(self) -> Mapping[str, tuple[Settings, ...]]:
        """The settings to try by rung, from the simplest rung to the most complex."""
        return {
            SeasonPopularity.name: (self.season,),
            AlsoBooked.name: self.also_booked,
            ImplicitALS.name: self.als,
            GraphFilter.name: self.graph_filter,
        }
