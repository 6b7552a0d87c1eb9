"""Training the churn scorer: many past moments fitted, a later one measured, the simple rules beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import lightgbm
import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from activity_log.errors import NotEnoughDataError
from models.churn import ChurnScorer, encode
from training.baselines import BASELINES, Floats
from training.metrics import Interval, auc_gain_interval, classification_metrics

MOMENT = "event_timestamp"
SHORTEST_HISTORY = timedelta(days=90)
"""How much log must lie before the first moment that is learned from."""


class ChurnSpec(BaseModel):
    """The settings of a churn training. Churned: no booking kept within `horizon_days`."""

    model_config = ConfigDict(frozen=True)

    horizon_days: int = Field(default=365, ge=7, le=1_500)
    step_days: int = Field(default=61, ge=7)
    least_customers: int = Field(default=50, ge=10)
    rounds: int = Field(default=150, ge=1)
    learning_rate: float = 0.05
    num_leaves: int = 15
    min_data_in_leaf: int = 40
    feature_fraction: float = 0.7
    lambda_l2: float = 5.0
    folds: int = Field(default=5, ge=2)
    seed: int = 7

    @property
    def horizon(self) -> timedelta:
        """The horizon as a duration."""
        return timedelta(days=self.horizon_days)

    def booster_params(self) -> dict[str, object]:
        """Return LightGBM's parameters; the same data give the same bits."""
        shared = ("learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction", "lambda_l2", "seed")
        fixed = {"objective": "binary", "deterministic": True, "force_row_wise": True, "num_threads": 1}
        return {name: getattr(self, name) for name in shared} | fixed | {"verbosity": -1}


@dataclass(frozen=True)
class Measured:
    """A scorer's figures on the held-out moment, those of each baseline, and the gain over the best of them."""

    moment: datetime
    customers: int
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    best_baseline: str
    auc_gain: Interval
    labels: np.ndarray
    probabilities: Floats


@dataclass(frozen=True)
class TrainedChurn:
    """The scorer fitted on everything known, and what its like achieved on the held-out moment."""

    scorer: ChurnScorer
    measured: Measured
    moments: int
    examples: int


def churn_moments(spec: ChurnSpec, first_event: datetime, as_of: datetime) -> list[datetime]:
    """Return the moments whose labels are complete by `as_of`, oldest first; the last is held out for measuring.

    Moments lie `step_days` apart, counted back from `as_of - horizon`. Raises NotEnoughDataError if the log is too
    short for one moment before the held-out one whose labels end by then.
    """
    newest, oldest = as_of - spec.horizon, first_event + SHORTEST_HISTORY
    if newest - spec.horizon < oldest:
        have, need = (as_of - first_event).days, 2 * spec.horizon_days + SHORTEST_HISTORY.days
        raise NotEnoughDataError(
            f"churn: {have} days of log are too few for a horizon of {spec.horizon_days} days; "
            f"{need} are needed, or a shorter --horizon"
        )
    count = (newest - oldest) // timedelta(days=spec.step_days)
    return [newest - timedelta(days=spec.step_days * back) for back in range(count, -1, -1)]


def train_churn(examples: pd.DataFrame, features: tuple[str, ...], spec: ChurnSpec) -> TrainedChurn:
    """Fit on the moments whose labels end before the last one, measure on that, then refit on all of them.

    examples: operator_id, customer_id, event_timestamp, churned, and the feature columns; customers who had booked
    by then. Raises NotEnoughDataError if one side of the split has too few customers or only one outcome.
    """
    moment = examples[MOMENT].max()
    past = examples[examples[MOMENT] + spec.horizon <= moment]
    future = examples[examples[MOMENT] == moment]
    _check_size(past, future, spec)
    measured = _measure(fit_scorer(past, features, spec), past, future, moment, spec)
    return TrainedChurn(
        fit_scorer(examples, features, spec), measured, examples[MOMENT].nunique(), len(examples)
    )


def fit_scorer(examples: pd.DataFrame, features: tuple[str, ...], spec: ChurnSpec) -> ChurnScorer:
    """Fit booster and calibration; the calibration sees only customers the fold's booster did not."""
    matrix, labels = encode(examples, features), examples["churned"].to_numpy(np.int64)
    unseen = np.empty(len(examples))
    for inside, outside in GroupKFold(spec.folds).split(matrix, labels, groups=examples["customer_id"]):
        unseen[outside] = _booster(matrix[inside], labels[inside], spec).predict(
            matrix[outside], raw_score=True
        )
    scaling = LogisticRegression(C=1e6).fit(unseen.reshape(-1, 1), labels)
    return ChurnScorer(
        features=features,
        booster=_booster(matrix, labels, spec),
        slope=float(scaling.coef_[0, 0]),
        intercept=float(scaling.intercept_[0]),
    )


def _booster(matrix: Floats, labels: np.ndarray, spec: ChurnSpec) -> lightgbm.Booster:
    return lightgbm.train(spec.booster_params(), lightgbm.Dataset(matrix, labels), spec.rounds)


def _check_size(past: pd.DataFrame, future: pd.DataFrame, spec: ChurnSpec) -> None:
    for part, name in ((past, "to learn from"), (future, "to measure on")):
        customers = part["customer_id"].nunique()
        if customers < spec.least_customers:
            raise NotEnoughDataError(
                f"churn: {customers} customers with a booking {name}, at least {spec.least_customers} are needed"
            )
        if part["churned"].nunique() < 2:
            raise NotEnoughDataError(
                f"churn: all customers {name} had the same outcome; there is nothing to learn"
            )


def _measure(
    scorer: ChurnScorer, past: pd.DataFrame, future: pd.DataFrame, moment: datetime, spec: ChurnSpec
) -> Measured:
    labels = future["churned"].to_numpy(np.int64)
    ours = scorer.score(encode(future, scorer.features))
    theirs = {name: kind().fit(past).predict(future) for name, kind in BASELINES.items()}
    figures = {name: classification_metrics(labels, values) for name, values in theirs.items()}
    best = max(figures, key=lambda name: figures[name]["auc"])
    return Measured(
        moment=moment,
        customers=len(future),
        metrics=classification_metrics(labels, ours),
        baselines=figures,
        best_baseline=best,
        auc_gain=auc_gain_interval(labels, ours, theirs[best], spec.seed),
        labels=labels,
        probabilities=ours,
    )
