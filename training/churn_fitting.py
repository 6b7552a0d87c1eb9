"""Fitting the churn scorer: the season clock, a booster and a line on many horizons, mixed on customers not seen."""

from typing import NamedTuple

import lightgbm
import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from models.churn import ChurnScorer, Mixture
from models.churn_inputs import FALLING, RISING
from models.log_odds_line import LogOddsLine, line_columns
from models.rebooking import RebookingCalendar
from training.churn_examples import Examples, Floats, Outcomes, outcomes_of
from training.churn_spec import ChurnSpec
from training.season import FADES, learn_season

MIXED_EVENLY, AS_SURE = 0.5, 0.3
"""The mixture before anything was seen, and how far it may stray (standard deviation of each slope)."""
DRIFT = 0.3
"""Standard deviation of what a log's first days add to the log-odds of leaving."""
CLUSTERED = 50.0
"""Outcomes of the same moment share its luck: so many count as one."""


class Parts(NamedTuple):
    """Booster and line, fitted to the same outcomes."""

    booster: lightgbm.Booster
    line: LogOddsLine


class _Table(NamedTuple):
    inputs: Floats
    columns: Floats
    churned: np.ndarray
    weights: Floats
    names: tuple[str, ...]

    def at(self, places: np.ndarray) -> "_Table":
        return _Table(
            self.inputs[places], self.columns[places], self.churned[places], self.weights[places], self.names
        )


def fit_scorer(
    examples: Examples, features: tuple[str, ...], spec: ChurnSpec, log_start: float
) -> ChurnScorer:
    """Fit everything to the examples, of which some must be known for the whole horizon.

    log_start: days since 1970 of the first booking.
    """
    inputs = learn_season(examples, features, log_start)
    outcomes = outcomes_of(examples, spec.horizons, spec.most_outcomes, spec.seed)
    asked = examples.at(outcomes.places)
    matrix = inputs.of(asked.matrix, asked.moments, outcomes.horizons)
    weights = _weights(asked, outcomes, spec)
    columns = line_columns(matrix, inputs.names)
    table = _Table(matrix, columns, outcomes.churned, weights / weights.mean(), inputs.names)
    parts = _fit(table, spec)
    return ChurnScorer(
        inputs=inputs,
        booster=parts.booster,
        line=parts.line,
        mixture=_mixture(table, asked, outcomes, spec, log_start),
        horizon_days=spec.horizon_days,
        calendar=_calendar(examples, features),
    )


def _weights(asked: Examples, outcomes: Outcomes, spec: ChurnSpec) -> Floats:
    """Return what each outcome counts: the longer its horizon the more, and the longer it is complete the less."""
    complete = asked.moments + outcomes.horizons
    ages = (complete.max() - complete) / spec.half_life_days if spec.half_life_days else 0.0
    return np.asarray(outcomes.horizons / spec.horizon_days * 0.5**ages, np.float64)


def _fit(table: _Table, spec: ChurnSpec) -> Parts:
    directions = [(name in RISING) - (name in FALLING) for name in table.names]
    params = spec.booster_params() | {"monotone_constraints": directions}
    data = lightgbm.Dataset(table.inputs, table.churned, weight=table.weights)
    return Parts(lightgbm.train(params, data, spec.rounds), _line(table))


def _line(table: _Table) -> LogOddsLine:
    scaling = StandardScaler().fit(table.columns)
    model = LogisticRegression(C=0.3, max_iter=500)
    model.fit(scaling.transform(table.columns), table.churned, sample_weight=table.weights)
    return LogOddsLine(
        tuple(scaling.mean_.tolist()),
        tuple((model.coef_[0] / scaling.scale_).tolist()),
        float(model.intercept_[0]),
    )


def _mixture(
    table: _Table, asked: Examples, outcomes: Outcomes, spec: ChurnSpec, log_start: float
) -> Mixture:
    """Mix booster and line by maximum a posteriori on customers whom the parts did not see.

    What the outcomes of a young log have too little of is a term that fades (see `training.season`); the mixture is
    that of now, when it has faded so far.
    """
    boosted, straight = np.empty(len(table.churned)), np.empty(len(table.churned))
    for inside, outside in GroupKFold(spec.folds).split(table.inputs, groups=asked.customers):
        parts, unseen = _fit(table.at(inside), spec), table.at(outside)
        boosted[outside] = parts.booster.predict(unseen.inputs, raw_score=True, num_threads=1)
        straight[outside] = parts.line.log_odds(unseen.columns)
    young = np.exp(-(asked.moments + outcomes.horizons / 2 - log_start) / FADES)
    columns = np.column_stack([boosted, straight, np.ones(len(boosted)), young])
    booster, line, intercept, drift = _stacked(columns, table.churned, table.weights)
    now = float((asked.moments + asked.known).max()) - log_start + spec.horizon_days / 2
    return Mixture(booster, line, intercept + drift * float(np.exp(-now / FADES)))


def _stacked(columns: Floats, churned: np.ndarray, weights: Floats) -> tuple[float, float, float, float]:
    """Return the slopes of booster, line (both not negative), one and youth that make the outcomes likeliest."""
    counted = weights / CLUSTERED
    before = np.array([MIXED_EVENLY, MIXED_EVENLY, 0.0, 0.0])
    precise = 1.0 / np.array([AS_SURE, AS_SURE, 10.0, DRIFT]) ** 2

    def unlikely(slopes: Floats) -> tuple[float, Floats]:
        log_odds = columns @ slopes
        loss = counted @ (np.logaddexp(0.0, log_odds) - churned * log_odds)
        slope = columns.T @ (counted * (1.0 / (1.0 + np.exp(-log_odds)) - churned))
        away = slopes - before
        return float(loss + precise @ away**2 / 2), slope + precise * away

    bounds = [(0.0, None), (0.0, None), (None, None), (None, None)]
    found = minimize(unlikely, before, jac=True, method="L-BFGS-B", bounds=bounds)
    booster, line, intercept, drift = (float(slope) for slope in found.x)
    return booster, line, intercept, drift


def _calendar(examples: Examples, features: tuple[str, ...]) -> RebookingCalendar:
    if "median_booking_gap_days" not in features:
        return RebookingCalendar()
    newest = examples.at(examples.moments == examples.moments.max())
    return RebookingCalendar.learn(newest.matrix[:, features.index("median_booking_gap_days")])
