"""Training the churn scorer: many past moments fitted, later ones measured, the simple rules beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from activity_log.errors import NotEnoughDataError
from models.churn import ChurnScorer, encode
from training.baselines import BASELINES, Floats
from training.churn_examples import KNOWN, MOMENT, NEXT, Examples, churned_within
from training.churn_fitting import fit_scorer
from training.churn_report import CHAMPION, MODEL, Judged, churn_report
from training.churn_spec import ChurnSpec
from training.metrics import classification_metrics
from training.report import Report

__all__ = ["MOMENT", "ChurnSpec", "TrainedChurn", "fit_churn", "known_at", "train_churn"]

TESTED_DAYS = 190
"""The held-out moments lie in the last so many days whose outcome is complete: half a year, if the log allows it."""
LEAST_MOMENTS = 2
"""So many moments with complete outcomes must be left to learn from before another one is held out."""


class Split(NamedTuple):
    """What was known when the first held-out moment came, and the rows of the held-out moments."""

    past: pd.DataFrame
    future: pd.DataFrame


@dataclass(frozen=True)
class TrainedChurn:
    """The scorer fitted to everything known, and what its like achieved on the held-out moments.

    tested: the held-out rows (customer_id, event_timestamp, ...). labels, probabilities: (tested,).
    """

    artefact: ChurnScorer
    report: Report
    tested: pd.DataFrame
    labels: np.ndarray
    probabilities: Floats
    params: Mapping[str, Any] = field(default_factory=dict)


def train_churn(
    rows: pd.DataFrame, features: tuple[str, ...], spec: ChurnSpec, champion: ChurnSpec | None = None
) -> TrainedChurn:
    """Fit on what was known at the first held-out moment, measure on the held-out ones, then refit on everything.

    rows: operator_id, customer_id, event_timestamp, the features, days_to_next_booking and days_known (see
    `training.labels.next_booking`), of customers who had booked; the columns of slices where there are any.
    champion: a recipe to be fitted to the same past, as a rival. Raises NotEnoughDataError if one side of the split
    has too few customers or only one outcome.
    """
    past, future = split(rows, spec)
    labels = churned_within(future, spec.horizon_days)
    recipes = {MODEL: spec} | ({CHAMPION: champion} if champion else {})
    told = {name: scored(fit_churn(past, features, recipe), future) for name, recipe in recipes.items()}
    complete = _complete(past, spec)
    told |= {
        name: rule().fit(complete, spec.horizon_days).predict(future) for name, rule in BASELINES.items()
    }
    report = churn_report(Judged(future, labels, told, best_baseline(past, spec)), spec)
    scorer = fit_churn(rows, features, spec)
    return TrainedChurn(scorer, report, future, labels, told[MODEL], _params(scorer, rows))


def fit_churn(rows: pd.DataFrame, features: tuple[str, ...], spec: ChurnSpec) -> ChurnScorer:
    """Fit a scorer to all that is known in `rows`."""
    examples = Examples.of(rows, features)
    log_start = (examples.moments - rows["days_since_first_booking"].to_numpy(np.float64)).min()
    return fit_scorer(examples, features, spec, float(log_start))


def scored(scorer: ChurnScorer, rows: pd.DataFrame) -> Floats:
    """Return the probability of each row, at its moment."""
    moments = rows[MOMENT].dt.tz_convert(None).to_numpy("datetime64[us]")
    return scorer.score(encode(rows, scorer.features), moments)


def split(rows: pd.DataFrame, spec: ChurnSpec) -> Split:
    """Hold out the newest moments of complete outcome; the past is what was known when the first of them came."""
    complete = _complete(rows, spec)
    moments = sorted(complete[MOMENT].unique())
    if not moments:
        raise NotEnoughDataError(
            f"churn: no moment lies {spec.horizon_days} days back; use a shorter --horizon"
        )
    first = moments[-1]
    for moment in reversed(moments[:-1]):
        learned = sum(earlier + spec.horizon <= moment for earlier in moments)
        if learned < LEAST_MOMENTS or moments[-1] - moment > timedelta(days=TESTED_DAYS):
            break
        first = moment
    past, future = known_at(rows, first), complete[complete[MOMENT] >= first].reset_index(drop=True)
    _check_size(_complete(past, spec), spec, "to learn from")
    _check_size(future, spec, "to measure on")
    return Split(past, future)


def known_at(rows: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    """Return the rows before a moment with what was known of their outcome then."""
    before = rows[rows[MOMENT] < moment].reset_index(drop=True)
    known = (moment - before[MOMENT]).dt.total_seconds() / 86_400.0
    return before.assign(**{NEXT: before[NEXT].where(before[NEXT] < known), KNOWN: known})


def best_baseline(past: pd.DataFrame, spec: ChurnSpec) -> str:
    """Return the simple rule that tells best who left at the past's newest moment, fitted to what was known then.

    Where nothing was known yet that a rule could learn from, the rules are fitted to the whole past.
    """
    complete = _complete(past, spec)
    newest = complete[complete[MOMENT] == complete[MOMENT].max()]
    labels = churned_within(newest, spec.horizon_days)
    if len(set(labels.tolist())) < 2:
        return next(iter(BASELINES))
    earlier = _complete(known_at(past, newest[MOMENT].iloc[0]), spec)
    learned = earlier if earlier["churned"].nunique() == 2 else complete
    fitted = {
        name: rule().fit(learned, spec.horizon_days).predict(newest) for name, rule in BASELINES.items()
    }
    return max(fitted, key=lambda name: classification_metrics(labels, fitted[name])["auc"])


def _complete(rows: pd.DataFrame, spec: ChurnSpec) -> pd.DataFrame:
    """Return the rows whose outcome is known for the whole horizon, with `churned`."""
    whole = rows[rows[KNOWN] >= spec.horizon_days].reset_index(drop=True)
    return whole.assign(churned=churned_within(whole, spec.horizon_days).astype(bool))


def _check_size(part: pd.DataFrame, spec: ChurnSpec, name: str) -> None:
    customers = part["customer_id"].nunique()
    if customers < spec.least_customers:
        raise NotEnoughDataError(
            f"churn: {customers} customers with a booking {name}, at least {spec.least_customers} are needed"
        )
    if part["churned"].nunique() < 2:
        raise NotEnoughDataError(
            f"churn: all customers {name} had the same outcome; there is nothing to learn"
        )


def _params(scorer: ChurnScorer, rows: pd.DataFrame) -> dict[str, Any]:
    mixture, paces = scorer.mixture, scorer.inputs.clock.paces
    return {
        "examples": len(rows),
        "moments": rows[MOMENT].nunique(),
        "mixture_booster": round(mixture.booster, 4),
        "mixture_line": round(mixture.line, 4),
        "season_paces": " ".join(f"{pace:.2f}" for pace in paces),
    }
