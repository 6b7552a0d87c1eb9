"""Churn: who books nothing within a horizon, learned from many past moments."""

from dataclasses import dataclass

import altair
import pandas as pd

from feature_repo.groups import CHURN_FEATURES
from feature_repo.services import CHURN
from models.card import Task
from training import plots
from training.churn import ChurnSpec, TrainedChurn, train_churn
from training.labels import next_booking
from training.lifecycle.session import KEYS, MOMENT, Session
from training.lifecycle.trainer import Trained

CHURN_COLUMNS = tuple(name.split(":")[1] for name in CHURN_FEATURES)
SHOWN_ROWS = 5
LEAST_KNOWN_DAYS = 30
"""Moments of whose outcome so much is known teach what happened lately."""
WHAT = "no booking"


@dataclass(frozen=True)
class ChurnTrainer:
    """Trains the churn scorer."""

    task: Task = "churn"
    feature_service: str = CHURN
    spec_type: type[ChurnSpec] = ChurnSpec

    def spec(self, horizon_days: int | None) -> ChurnSpec:
        """Return the recipe of today."""
        return ChurnSpec(horizon_days=horizon_days) if horizon_days else ChurnSpec()

    def train(self, session: Session, spec: ChurnSpec, champion: ChurnSpec | None) -> Trained:
        """Fit and measure."""
        examples = churn_examples(session, spec)
        trained = train_churn(examples, CHURN_COLUMNS, spec, champion)
        return Trained(
            artefact=trained.artefact,
            report=trained.report,
            params=trained.params,
            charts=_charts(trained),
            learned_from=tuple(moment.to_pydatetime() for moment in sorted(examples[MOMENT].unique())),
            example=_shown(examples.head(SHOWN_ROWS)),
        )


def churn_examples(session: Session, spec: ChurnSpec) -> pd.DataFrame:
    """Return the training set of all moments: keys, event_timestamp, the next booking, and the service's features.

    The features come from Feast, each row as of its moment; only customers who had booked by then are in it.
    """
    moments = session.moments_of("churn", spec.horizon_days, spec.step_days, known_days=LEAST_KNOWN_DAYS)
    rows = session.rows(moments, CHURN)
    return labelled(session, rows[rows["total_bookings"] > 0].reset_index(drop=True))


def labelled(session: Session, rows: pd.DataFrame) -> pd.DataFrame:
    """Add how long each customer took to book again, as far as is known."""
    bench = session.bench
    asked = session.asked(rows)
    labels = bench.frame(next_booking(bench.facts, asked, session.as_of))
    return rows.merge(labels.rename(columns={"as_of": MOMENT}), on=list(KEYS), how="left", validate="1:1")


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[[MOMENT]].join(rows[list(CHURN_COLUMNS)].astype("float64"))


def _charts(trained: TrainedChurn) -> dict[str, altair.TopLevelMixin]:
    scorer, labels, told = trained.artefact, trained.labels, trained.probabilities
    gains = dict(zip(scorer.inputs.names, scorer.booster.feature_importance("gain"), strict=True))
    return {
        "calibration.png": plots.calibration_plot(labels, told, WHAT),
        "lift.png": plots.lift_plot(labels, told, WHAT),
        "precision_recall.png": plots.precision_recall_plot(labels, told, WHAT),
        "reliability_by_month.png": plots.reliability_by_month_plot(trained.tested[MOMENT], labels, told),
        "importance.png": plots.importance_plot(gains),
    }
