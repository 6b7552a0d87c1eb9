"""Channel: on which channel a customer reads what is sent."""

from dataclasses import dataclass

import pandas as pd

from feature_repo.services import CHANNEL
from models.card import Task
from models.channel import COHORT, FEATURES
from training.channel import ChannelSpec, train_channel
from training.lifecycle.session import Session
from training.lifecycle.trainer import Trained

SHOWN_ROWS = 5


@dataclass(frozen=True)
class ChannelTrainer:
    """Trains the channel model."""

    task: Task = "channel"
    feature_service: str = CHANNEL
    spec_type: type[ChannelSpec] = ChannelSpec

    def spec(self, horizon_days: int | None) -> ChannelSpec:
        """Return the recipe of today."""
        return ChannelSpec(horizon_days=horizon_days) if horizon_days else ChannelSpec()

    def train(self, session: Session, spec: ChannelSpec, champion: ChannelSpec | None) -> Trained:
        """Learn from what was read of what was sent, a year apart."""
        moments = session.years()
        rows = session.rows(moments, CHANNEL)
        trained = train_channel(rows, spec, champion)
        return Trained(
            artefact=trained.artefact,
            report=trained.report,
            params={
                name: value for name, value in trained.params.items() if name not in ChannelSpec.model_fields
            },
            charts=trained.charts,
            learned_from=tuple(moments),
            example=_shown(rows),
        )


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    numbers = [name for name in FEATURES if name != COHORT]
    return rows[numbers].astype("float64").join(rows[COHORT].fillna("").astype(str)).head(SHOWN_ROWS)
