"""The report of a value training: figures on the held-out moment, gains with intervals, limits, plots."""

from collections.abc import Mapping
from typing import NamedTuple

import altair
import numpy as np
import numpy.typing as npt
import pandas as pd

from models.churn import encode
from models.likely_range import COVERAGE
from models.value import ValueModel
from training.report import Figure, Gain, Limit, Report
from training.resampling import interval, mean_of
from training.slices import EVERYBODY, slices_of
from training.value_fitting import MOMENT, ValueSpec, moments_of
from training.value_labels import KEPT_BOOKINGS, KEPT_SPEND
from training.value_metrics import deviances, range_coverage, value_metrics
from training.value_rules import MEAN_RATE

Floats = npt.NDArray[np.float64]

MODEL = "value"
JUDGED_BY = "count_deviance"
PURCHASES = "bg_nbd_gamma_gamma"

MOST_TOTAL_ERROR = 0.35
"""How far the bookings expected of all customers together may be from what came."""
MOST_COVERAGE_GAP = 0.15
"""How far the share that fell into the 80 % range may be from 80 %, where counts allow: a range of whole bookings
covers more."""
_BINS = 10


class Compared(NamedTuple):
    """Customers at the held-out moment, what each model expected of them, and the model with its ranges.

    Where the purchase models themselves are live, they are not among the rivals; everybody alike is then to beat.
    """

    rows: pd.DataFrame
    expected: Mapping[str, tuple[Floats, Floats]]
    model: ValueModel


def report_of(compared: Compared, spec: ValueSpec) -> Report:
    """Measure everybody, and the deciding metric by slice."""
    rows = compared.rows
    masks = slices_of(rows)
    figures = [figure for name in compared.expected for figure in _figures(compared, name, spec)]
    figures += [figure for name in compared.expected for figure in _sliced(compared, name, masks, spec)]
    rivals = [name for name in compared.expected if name != MODEL]
    return Report(
        task="value",
        model=MODEL,
        judged_by=JUDGED_BY,
        test_from=rows[MOMENT].max(),
        test_until=rows[MOMENT].max() + spec.horizon,
        baseline=PURCHASES if PURCHASES in compared.expected else MEAN_RATE,
        champion="champion" if "champion" in compared.expected else None,
        figures=(*figures, *_range_figures(compared)),
        gains=tuple(_gain(compared, rival, of, mask, spec) for rival in rivals for of, mask in masks.items()),
        limits=_limits(compared),
    )


def charts_of(
    rows: pd.DataFrame, expected: tuple[Floats, Floats]
) -> dict[str, altair.Chart | altair.LayerChart]:
    """Return expected against kept bookings in equal-count bins."""
    order = np.argsort(expected[0], kind="stable")
    kept = rows[KEPT_BOOKINGS].to_numpy(np.float64)
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    means = pd.DataFrame(
        {
            "expected": [expected[0][part].mean() for part in bins],
            "kept": [kept[part].mean() for part in bins],
        }
    )
    most = float(means.to_numpy().max())
    ideal = pd.DataFrame({"expected": [0, most], "kept": [0, most]})
    line = altair.Chart(ideal).mark_line(strokeDash=[4, 4], color="#888").encode(x="expected", y="kept")
    points = altair.Chart(means).mark_line(point=True).encode(
        x=altair.X("expected", title="expected bookings"), y=altair.Y("kept", title="bookings kept")
    )  # fmt: skip
    return {
        "calibration.png": (line + points).properties(
            title="Expected and kept bookings", width=360, height=360
        ),
    }


def _figures(compared: Compared, name: str, spec: ValueSpec) -> list[Figure]:
    rows, (bookings, spend) = compared.rows, compared.expected[name]
    kept, paid = _outcome(rows)
    of_each = {
        "mae_count": np.abs(bookings - kept),
        "mae_spend": np.abs(spend - paid),
        JUDGED_BY: deviances(bookings, kept),
    }
    bounds = {
        metric: interval(mean_of(values), rows["customer_id"], spec.seed)
        for metric, values in of_each.items()
    }
    return [
        Figure(
            model=name,
            metric=metric,
            value=value,
            low=bounds[metric].low if metric in bounds else None,
            high=bounds[metric].high if metric in bounds else None,
            customers=len(rows),
        )
        for metric, value in value_metrics(bookings, spend, kept, paid).items()
    ]


def _sliced(
    compared: Compared, name: str, masks: Mapping[str, npt.NDArray[np.bool_]], spec: ValueSpec
) -> list[Figure]:
    losses = deviances(compared.expected[name][0], _outcome(compared.rows)[0])
    customers = compared.rows["customer_id"]
    bounds = {of: interval(mean_of(losses[mask]), customers[mask], spec.seed) for of, mask in masks.items()}
    return [
        Figure(
            model=name,
            metric=JUDGED_BY,
            value=float(losses[mask].mean()),
            low=bounds[of].low,
            high=bounds[of].high,
            customers=int(mask.sum()),
            slice=of,
        )
        for of, mask in masks.items()
        if of != EVERYBODY
    ]


def _gain(compared: Compared, rival: str, of: str, mask: npt.NDArray[np.bool_], spec: ValueSpec) -> Gain:
    """Return by how much our deviance is less than a rival's."""
    kept = _outcome(compared.rows)[0]
    ours, theirs = (deviances(compared.expected[name][0], kept)[mask] for name in (MODEL, rival))
    low, high = interval(mean_of(theirs - ours), compared.rows["customer_id"][mask], spec.seed)
    return Gain(
        rival=rival,
        metric=JUDGED_BY,
        value=float((theirs - ours).mean()),
        low=low,
        high=high,
        customers=int(mask.sum()),
        slice=of,
    )


def _range_figures(compared: Compared) -> list[Figure]:
    return [
        Figure(model=MODEL, metric=name, value=value, customers=len(compared.rows))
        for name, value in _coverage(compared).items()
    ]


def _coverage(compared: Compared) -> dict[str, float]:
    rows, model = compared.rows, compared.model
    return range_coverage(model.forecast(encode(rows, model.features), moments_of(rows)), *_outcome(rows))


def _limits(compared: Compared) -> tuple[Limit, ...]:
    kept = _outcome(compared.rows)[0]
    total = float(abs(compared.expected[MODEL][0].sum() - kept.sum()) / max(kept.sum(), 1.0))
    short = max(COVERAGE - value for value in _coverage(compared).values())
    return (
        Limit(metric="total_count_error", value=total, at_most=MOST_TOTAL_ERROR),
        Limit(metric="coverage_shortfall", value=max(short, 0.0), at_most=MOST_COVERAGE_GAP),
    )


def _outcome(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    return rows[KEPT_BOOKINGS].to_numpy(np.float64), rows[KEPT_SPEND].to_numpy(np.float64)
