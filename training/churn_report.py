"""What is said of a churn challenger: its figures and those of the simple rules, for everybody and slice by slice."""

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from training.churn_examples import MOMENT
from training.churn_spec import ChurnSpec
from training.metrics import SURE, Floats, classification_metrics, expected_calibration_error
from training.report import Figure, Gain, Limit, Report
from training.resampling import Statistic, auc_of, average_precision_of, interval, intervals, mean_of
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
            figures += _figures(part, MODEL, name, spec) if name != EVERYBODY else []
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
    return [figure for model in judged.told for figure in _figures(judged, model, EVERYBODY, spec)]


def _figures(part: Judged, model: str, name: str, spec: ChurnSpec) -> list[Figure]:
    """Return all metrics of a model on a slice, with intervals where resampling gives an honest one."""
    told, customers = part.told[model], part.rows["customer_id"]
    bounds = intervals(_statistics(part.labels, told), customers, spec.seed)
    return [
        Figure(
            model=model,
            metric=metric,
            value=value,
            low=bounds[metric].low if metric in bounds else None,
            high=bounds[metric].high if metric in bounds else None,
            customers=customers.nunique(),
            slice=name,
        )
        for metric, value in classification_metrics(part.labels, told).items()
    ]


def _statistics(labels: np.ndarray, told: Floats) -> dict[str, Statistic]:
    """Return what is resampled: not the ECE, which chance makes greater in every sample than it is."""
    sure, left = np.clip(told, SURE, 1 - SURE), labels.astype(bool)
    return {
        "auc": auc_of(labels, told),
        "average_precision": average_precision_of(labels, told),
        "brier": mean_of((told - left) ** 2),
        "log_loss": mean_of(-np.log(np.where(left, sure, 1 - sure))),
        "accuracy": mean_of(((told >= 0.5) == left).astype(np.float64)),
    }


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
