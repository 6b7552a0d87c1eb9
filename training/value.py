"""Training the value model: the simplest rung that wins at past moments, measured at a later one beside rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import altair
import numpy as np
import numpy.typing as npt
import pandas as pd

from activity_log.errors import NotEnoughDataError
from models.likely_range import LikelyRange
from models.rfm import FREQUENCY, MONETARY, RECENCY, RfmScale
from models.value import RUNGS, Rung, ValueModel
from training.report import Report
from training.resampling import interval, mean_of
from training.value_fitting import MOMENT, Fitted, ValueSpec, fit_rung
from training.value_labels import KEPT_BOOKINGS, KEPT_SPEND
from training.value_metrics import deviances
from training.value_report import MODEL, PURCHASES, Compared, charts_of, report_of
from training.value_rules import LAST_PERIOD, MEAN_RATE, mean_rate, same_as_last_period

Floats = npt.NDArray[np.float64]

MOST_TRIALS = 2
"""So many past moments judge the rungs."""

_LEAST_SPEND = 1e-9


class Trial(NamedTuple):
    """What rungs expected of customers whose outcome they had not seen. expected: (bookings, spend) by rung."""

    rows: pd.DataFrame
    expected: Mapping[Rung, tuple[Floats, Floats]]


class Choice(NamedTuple):
    """The rung that goes live, and why."""

    rung: Rung
    why: str


@dataclass(frozen=True)
class TrainedValue:
    """The model fitted on everything known, and what its like achieved on the newest moment it had not seen."""

    artefact: ValueModel
    report: Report
    params: Mapping[str, Any]
    charts: Mapping[str, altair.Chart | altair.LayerChart]


def train_value(
    rows: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec, champion: ValueSpec | None = None
) -> TrainedValue:
    """Choose a rung and fit it on what was known at the newest moment, measure it there, then refit on everything.

    rows: customer_id, event_timestamp, the features (HISTORY among them), bookings_/revenue_ of 90, 365 and 730 days,
    lifetime_revenue, slices' columns, kept_bookings and kept_spend; rows without a booking so far are left out.
    champion: the settings of the live model, fitted on the same past. Raises NotEnoughDataError.
    """
    booked = _booked(rows)
    check_size(booked, spec)
    moment = booked[MOMENT].max()
    past, future = booked[booked[MOMENT] + spec.horizon <= moment], booked[booked[MOMENT] == moment]
    choice, fitted = _fitted_on(past, future, features, spec)
    compared = {MODEL: fitted.predict(future), **_rules(choice.rung, future, features, spec)}
    if champion is not None:
        compared["champion"] = _fitted_on(past, future, features, champion)[1].predict(future)
    whole = fit_rung(choice.rung, booked, future, features, spec)
    model = with_ranges(whole, future, compared[MODEL])
    seen_before = with_ranges(fitted, past, fitted.predict(past)) if len(past) else model
    report = report_of(Compared(future, compared, seen_before), spec)
    params = spec.model_dump() | {"rung": choice.rung, "why": choice.why}
    return TrainedValue(model, report, params, charts_of(future, compared[MODEL]))


def choose(rows: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec) -> Choice:
    """Climb the rungs: the next one up is taken if its Poisson deviance is less with 95 % confidence.

    rows: examples with outcomes. Each rung is fitted on what was known at a past moment and judged on what came
    after it, at up to MOST_TRIALS moments; where the past is too short for that, the lowest rung stays.
    """
    trial = _trial(rows, features, spec)
    if trial is None:
        return Choice(RUNGS[0], "the past is too short to try anything else on")
    kept, customers = trial.rows[KEPT_BOOKINGS].to_numpy(np.float64), trial.rows["customer_id"]
    loss = {rung: deviances(bookings, kept) for rung, (bookings, _) in trial.expected.items()}
    live, why = RUNGS[0], "no rung above is better with confidence"
    for rung in RUNGS[1:]:
        low, high = interval(mean_of(loss[live] - loss[rung]), customers, spec.seed)
        if low > 0:
            live, why = rung, f"better than {live} by {low:.4f} to {high:.4f} of Poisson deviance"
    return Choice(live, why)


def with_ranges(fitted: Fitted, rows: pd.DataFrame, expected: tuple[Floats, Floats]) -> ValueModel:
    """Make a model of a fit. The likely ranges come from what was expected of rows and what then happened."""
    bookings, spend = expected
    return ValueModel(
        fitted.features,
        fitted.horizon_days,
        fitted.rung,
        fitted.purchases,
        LikelyRange.fit(bookings, rows[KEPT_BOOKINGS].to_numpy(np.float64)),
        LikelyRange.fit(np.maximum(spend, _LEAST_SPEND), rows[KEPT_SPEND].to_numpy(np.float64)),
        fitted.boosters,
        _rfm(rows[rows[MOMENT] == rows[MOMENT].max()]),
    )


def _rfm(newest: pd.DataFrame) -> RfmScale | None:
    return RfmScale.fit(*(newest[name].to_numpy(np.float64) for name in (RECENCY, FREQUENCY, MONETARY)))


def check_size(rows: pd.DataFrame, spec: ValueSpec) -> None:
    """Raise NotEnoughDataError if nothing could be learned of these examples."""
    customers = rows["customer_id"].nunique()
    if customers < spec.least_customers:
        raise NotEnoughDataError(
            f"value: {customers} customers with a booking to learn from, at least {spec.least_customers} are needed"
        )
    if not rows[KEPT_BOOKINGS].any():
        raise NotEnoughDataError(
            "value: no customer booked again within the horizon; there is nothing to learn"
        )


def _booked(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows[(rows["total_bookings"] > 0) & rows[KEPT_BOOKINGS].notna()]
    return known.sort_values([MOMENT, "customer_id"], ignore_index=True)


def _fitted_on(
    past: pd.DataFrame, newest: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec
) -> tuple[Choice, Fitted]:
    choice = choose(past, features, spec)
    return choice, fit_rung(choice.rung, past, newest, features, spec)


def _rules(
    live: Rung, future: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec
) -> dict[str, tuple[Floats, Floats]]:
    """Return what each rule expects that is not live itself; none sees an outcome."""
    rules = {
        MEAN_RATE: mean_rate(future, future, spec.horizon_days),
        LAST_PERIOD: same_as_last_period(future, spec.horizon_days),
    }
    if live == "purchases":
        return rules
    return rules | {PURCHASES: fit_rung("purchases", future, future, features, spec).predict(future)}


def _trial(rows: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec) -> Trial | None:
    moments = sorted(rows[MOMENT].unique(), reverse=True)
    apart = max(1, spec.horizon_days // 2 // spec.step_days)
    trials = []
    for moment in moments[::apart][:MOST_TRIALS]:
        past = rows[rows[MOMENT] + spec.horizon <= moment]
        future = rows[rows[MOMENT] == moment]
        enough = min(past["customer_id"].nunique(), len(future)) >= spec.least_customers
        if enough and past[KEPT_BOOKINGS].any():
            expected = {rung: fit_rung(rung, past, future, features, spec).predict(future) for rung in RUNGS}
            trials.append(Trial(future, expected))
    return _together(trials) if trials else None


def _together(trials: list[Trial]) -> Trial:
    expected = {
        rung: (
            np.concatenate([trial.expected[rung][0] for trial in trials]),
            np.concatenate([trial.expected[rung][1] for trial in trials]),
        )
        for rung in RUNGS
    }
    return Trial(pd.concat([trial.rows for trial in trials], ignore_index=True), expected)
