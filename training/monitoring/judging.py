"""Past predictions against what happened: the figures of one model version in one month, each with its interval."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from models.card import Task
from training.metrics import Floats, expected_calibration_error
from training.report import Figure
from training.resampling import auc_of, interval, mean_of

AUC, BRIER, ECE, GAP = "auc", "brier", "ece", "gap"
BOOKINGS_GAP, SPEND_GAP = "bookings_gap", "spend_gap"
VERSION, AS_OF, CUSTOMER = "version", "as_of", "customer_id"
SEED = 7
RESAMPLES = 200

Measure = Callable[[pd.DataFrame], Iterator[tuple[str, float, "tuple[float, float] | None"]]]


def figures_of(task: Task, rows: pd.DataFrame) -> list[Figure]:
    """Return the figures by version and month of `as_of`, and of each version over all months.

    rows: version, as_of, customer_id, what was predicted, and the outcome. churn: churn_probability, churned; value:
    the columns of PREDICTED, kept_bookings, kept_spend. The figure's model is the version, its slice the month
    ("2026-05") or `EVERYBODY`. A customer scored several times is drawn once for the intervals.

    churn: auc, brier, ece, predicted and observed (mean probability and share who stayed away), gap (observed less
    predicted: calibration in the large). value: bookings_gap and spend_gap (what came in total less what was
    expected, as a share of that), mae_bookings, mae_spend, spearman_spend, inside_range (share of customers whose
    bookings lay in the 80 % range).
    """
    months = rows[AS_OF].dt.strftime("%Y-%m")
    figures: list[Figure] = []
    for version, of_version in rows.groupby(VERSION, sort=True):
        figures += _measured(task, of_version, str(version))
        for month, of_month in of_version.groupby(months[of_version.index], sort=True):
            figures += _measured(task, of_month, str(version), str(month))
    return figures


def _measured(task: Task, rows: pd.DataFrame, version: str, month: str | None = None) -> list[Figure]:
    customers, where = rows[CUSTOMER].nunique(), {} if month is None else {"slice": month}
    return [
        Figure(
            model=version,
            metric=metric,
            value=value,
            low=bounds[0] if bounds else None,
            high=bounds[1] if bounds else None,
            customers=customers,
            **where,
        )
        for metric, value, bounds in _MEASURES[task](rows)
        if np.isfinite(value)
    ]


def _of_churn(rows: pd.DataFrame) -> Iterator[tuple[str, float, "tuple[float, float] | None"]]:
    labels, scores = rows["churned"].to_numpy(np.int64), rows["churn_probability"].to_numpy(np.float64)
    who = rows[CUSTOMER]
    if 0 < labels.sum() < len(labels):
        bounds = interval(auc_of(labels, scores), who, SEED, RESAMPLES)
        yield AUC, float(roc_auc_score(labels, scores)), bounds
    yield BRIER, *_mean((labels - scores) ** 2, who)
    yield ECE, expected_calibration_error(labels, scores), None
    yield "predicted", float(scores.mean()), None
    yield "observed", *_mean(labels.astype(np.float64), who)
    yield GAP, *_mean(labels - scores, who)


def _of_value(rows: pd.DataFrame) -> Iterator[tuple[str, float, "tuple[float, float] | None"]]:
    who = rows[CUSTOMER]
    booked, expected = (
        rows["kept_bookings"].to_numpy(np.float64),
        rows["expected_bookings"].to_numpy(np.float64),
    )
    spent, hoped = rows["kept_spend"].to_numpy(np.float64), rows["expected_spend"].to_numpy(np.float64)
    for name, came, was_expected in ((BOOKINGS_GAP, booked, expected), (SPEND_GAP, spent, hoped)):
        error = _share_of_total(came, was_expected)
        yield name, error(np.ones(len(rows))), interval(error, who, SEED, RESAMPLES)
    yield "mae_bookings", *_mean(np.abs(booked - expected), who)
    yield "mae_spend", *_mean(np.abs(spent - hoped), who)
    if len(set(spent)) > 1 and len(set(hoped)) > 1:
        yield "spearman_spend", float(spearmanr(spent, hoped).statistic), None
    inside = (rows["bookings_low"] <= booked) & (booked <= rows["bookings_high"])
    yield "inside_range", *_mean(inside.to_numpy(np.float64), who)


_MEASURES: Mapping[Task, Measure] = {"churn": _of_churn, "value": _of_value}


def _mean(values: Floats, who: pd.Series) -> tuple[float, tuple[float, float]]:
    return float(values.mean()), interval(mean_of(values), who, SEED, RESAMPLES)


def _share_of_total(came: Floats, expected: Floats) -> Callable[[Floats], float]:
    def error(weights: Floats) -> float:
        total = float(weights @ expected)
        return float(weights @ came) / total - 1.0 if total else float("nan")

    return error
