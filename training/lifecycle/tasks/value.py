"""Value: how often and for how much a customer books within a horizon."""

from dataclasses import dataclass

import pandas as pd

from feature_repo.services import SERVICES, VALUE
from models.card import Task
from training.lifecycle.session import KEYS, MOMENT, Session
from training.lifecycle.trainer import Trained
from training.value import train_value
from training.value_fitting import ValueSpec
from training.value_labels import value_within

VALUE_COLUMNS = SERVICES[VALUE].numbers
SHOWN_ROWS = 5


@dataclass(frozen=True)
class ValueTrainer:
    """Trains the value model."""

    task: Task = "value"
    feature_service: str = VALUE
    spec_type: type[ValueSpec] = ValueSpec

    def spec(self, horizon_days: int | None) -> ValueSpec:
        """Return the recipe of today."""
        return ValueSpec(horizon_days=horizon_days) if horizon_days else ValueSpec()

    def train(self, session: Session, spec: ValueSpec, champion: ValueSpec | None) -> Trained:
        """Choose a rung, fit and measure it."""
        examples = value_examples(session, spec)
        trained = train_value(examples, VALUE_COLUMNS, spec, champion)
        return Trained(
            artefact=trained.artefact,
            report=trained.report,
            params={name: trained.params[name] for name in ("rung", "why")},
            charts=trained.charts,
            learned_from=tuple(moment.to_pydatetime() for moment in sorted(examples[MOMENT].unique())),
            example=examples[[MOMENT]].join(examples[list(VALUE_COLUMNS)].astype("float64")).head(SHOWN_ROWS),
        )


def value_examples(session: Session, spec: ValueSpec) -> pd.DataFrame:
    """Return the training set of all moments: keys, the service's features, kept_bookings and kept_spend."""
    bench = session.bench
    rows = session.rows(session.moments_of("value", spec.horizon_days, spec.step_days), VALUE)
    booked = rows[rows["total_bookings"] > 0].reset_index(drop=True)
    labels = bench.frame(value_within(bench.facts, session.asked(booked), spec.horizon, session.as_of))
    return booked.merge(labels.rename(columns={"as_of": MOMENT}), on=list(KEYS), how="left", validate="1:1")
