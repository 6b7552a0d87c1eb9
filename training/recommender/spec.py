"""The settings of a recommender training, and what it tries."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.recommender import (
    AlsoBooked,
    AlsoBookedSettings,
    ALSSettings,
    AttributeMatch,
    AttributeSettings,
    GraphFilter,
    GraphFilterSettings,
    ImplicitALS,
    RepeatOfSeason,
    SeasonPopularity,
    SeasonSettings,
)
from models.recommender.contract import Settings
from models.recommender.recommender import Mixing
from training.recommender.metrics import METRICS


class RecommenderSpec(BaseModel):
    """The settings of a recommender training.

    horizon_days: a window is judged by what is booked within it. validation_windows: at most so many such
    windows before the test window choose the live rung, fewer where most_judged customers were judged by then.
    most_judged: customers of a window that are judged, drawn at random. ks:
    cut-offs of the metrics, all reported; judged_by decides. least_customers: with fewer who booked two families, or
    fewer who can be judged, season popularity is live. mixings: tried for each rung, as are the settings of the
    rungs; the first of each is the default where nothing can be compared. party_weights: tried last, for the rung
    that won; the first must be beaten beyond doubt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizon_days: int = Field(default=180, ge=7, le=1_500)
    validation_windows: int = Field(default=6, ge=1)
    most_judged: int = Field(default=4_000, ge=100)
    ks: tuple[int, ...] = (3, 5)
    judged_by: str = "ndcg@3"
    least_customers: int = Field(default=20, ge=10)
    mixings: tuple[Mixing, ...] = Field(
        default=(
            Mixing(season_weight=0.1, season_power=0.0),
            Mixing(season_weight=0.1, season_power=0.5),
            Mixing(season_weight=0.3, season_power=1.0),
        ),
        min_length=1,
    )
    party_weights: tuple[float, ...] = Field(default=(0.0, 0.5), min_length=1)
    season: SeasonSettings = SeasonSettings()
    attributes: tuple[AttributeSettings, ...] = Field(default=(AttributeSettings(),), min_length=1)
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
            RepeatOfSeason.name: (self.season,),
            AttributeMatch.name: self.attributes,
            AlsoBooked.name: self.also_booked,
            ImplicitALS.name: self.als,
            GraphFilter.name: self.graph_filter,
        }
