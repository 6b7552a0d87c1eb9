"""What is said of a churn challenger: its figures and those of the simple rules, for everybody and slice by slice."""

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from training.churn_examples import MOMENT
from training.churn_spec import ChurnSpec
from training.metrics import Floats, classification_metrics, expected_calibration_error
from training.report import Figure, Gain, Limit, Report
from training.resampling import auc_of, interval
from training.slices import EVERYBODY, Mask, slices_of

MODEL, CHAMPION = "lightgbm", "champion"
JUDGED_BY = "auc"
MOST_ECE, ECE_PER_ROOT = 0.05, 1.3
"""A challenger may be off by MOST_ECE, or by what chance alone does with so few customers: ECE_PER_ROOT / root(n)."""


class Judged(NamedTuple):
    """Held-out rows, their labels (rows,), what each model said of them (rows,), and the best simple rule."""

    rows: pd.DataFrame
    labels: np.ndarray
    told: dict[str, Floats]
    baseline: str

    def at(self, mask: Mask) -> "Judged":
        """Return some of the rows."""
        told = {name: values[mask] for name, values in self.told.items()}
        return Judged(self.rows[mask], self.labels[mask], told, self.baseline)


def churn_report(judged: Judged, spec: ChurnSpec) -> Report:
    """Return the report: all metrics of all models for everybody; the model's and its gains on each slice."""
    figures, gains = _figures_of_all(judged, spec), list[Gain]()
    for name, mask in slices_of(judged.rows).items():
        part = judged.at(mask)
        if len(set(part.labels.tolist())) == 2:
            gains += _gains(part, name, spec)
            figures += _figures(part, name) if name != EVERYBODY else []
    moments = judged.rows[MOMENT]
    customers = judged.rows["customer_id"].nunique()
    ece = expected_calibration_error(judged.labels, judged.told[MODEL])
    return Report(
        task="churn",
        model=MODEL,
        judged_by=JUDGED_BY,
        test_from=moments.min(),
        test_until=moments.max() + timedelta(days=spec.horizon_days),
        baseline=judged.baseline,
        champion=CHAMPION if CHAMPION in judged.told else None,
        figures=tuple(figures),
        gains=tuple(gains),
        limits=(Limit(metric="ece", value=ece, at_most=MOST_ECE + ECE_PER_ROOT / customers**0.5),),
    )


def _figures_of_all(judged: Judged, spec: ChurnSpec) -> list[Figure]:
    customers = judged.rows["customer_id"]
    told = []
    for model, values in judged.told.items():
        bounds = interval(auc_of(judged.labels, values), customers, spec.seed)
        for metric, value in classification_metrics(judged.labels, values).items():
            low, high = bounds if metric == JUDGED_BY else (None, None)
            told.append(
                Figure(
                    model=model, metric=metric, value=value, low=low, high=high, customers=customers.nunique()
                )
            )
    return told


def _figures(part: Judged, name: str) -> list[Figure]:
    metrics = classification_metrics(part.labels, part.told[MODEL])
    customers = part.rows["customer_id"].nunique()
    return [
        Figure(model=MODEL, metric=metric, value=metrics[metric], customers=customers, slice=name)
        for metric in ("auc", "brier", "ece")
    ]


def _gains(part: Judged, name: str, spec: ChurnSpec) -> list[Gain]:
    rivals = [rival for rival in dict.fromkeys((part.baseline, CHAMPION)) if rival in part.told]
    return [_gain(part, name, rival, spec) for rival in rivals]


def _gain(part: Judged, name: str, rival: str, spec: ChurnSpec) -> Gain:
    customers = part.rows["customer_id"]
    ours, theirs = (auc_of(part.labels, part.told[model]) for model in (MODEL, rival))

    def gained(weights: Floats) -> float:
        return ours(weights) - theirs(weights)

    low, high = interval(gained, customers, spec.seed)
    value = gained(np.ones(len(part.labels)))
    judged = customers.nunique()
    return Gain(rival=rival, metric=JUDGED_BY, value=value, low=low, high=high, customers=judged, slice=name)
