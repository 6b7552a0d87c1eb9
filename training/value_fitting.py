"""Fitting a value model's parts: purchase models to histories, season levels and boosters to what came after."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from models.churn import encode
from models.purchasing import PurchaseModel, SpendModel
from models.season_level import SeasonLevel
from models.value import Boosters, Purchases, Rung, expectations, history, with_purchases
from training.value_labels import KEPT_BOOKINGS, KEPT_SPEND

Floats = npt.NDArray[np.float64]

MOMENT = "event_timestamp"
_LEAST_RATE = 1e-6


class ValueSpec(BaseModel):
    """The settings of a value training; what is forecast are bookings kept and spend within `horizon_days`.

    most_rows: LightGBM learns from so many examples at most, whole customers of them, evenly picked.
    spend_cap: of the greatest spends only this quantile teaches; one bulk order says little of the next.
    """

    model_config = ConfigDict(frozen=True)

    horizon_days: int = Field(default=365, ge=7, le=1_500)
    step_days: int = Field(default=61, ge=7)
    least_customers: int = Field(default=50, ge=10)
    leaves_at_once: bool = True
    rounds: int = Field(default=100, ge=1)
    learning_rate: float = 0.05
    num_leaves: int = 15
    min_data_in_leaf: int = 40
    feature_fraction: float = 0.7
    lambda_l2: float = 5.0
    most_rows: int = Field(default=60_000, ge=1_000)
    spend_cap: float = Field(default=0.999, gt=0.5, le=1)
    seed: int = 7

    @property
    def horizon(self) -> timedelta:
        """The horizon as a duration."""
        return timedelta(days=self.horizon_days)

    def booster_params(self, objective: str) -> dict[str, object]:
        """Return LightGBM's parameters; the same data give the same bits."""
        shared = ("learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction", "lambda_l2", "seed")
        fixed = {"objective": objective, "deterministic": True, "force_row_wise": True, "num_threads": 1}
        return {name: getattr(self, name) for name in shared} | fixed | {"verbosity": -1}


@dataclass(frozen=True)
class Fitted:
    """A rung that was fitted on what was known at a moment."""

    rung: Rung
    features: tuple[str, ...]
    horizon_days: int
    purchases: Purchases
    boosters: Boosters | None = None

    def predict(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return expected bookings and spend of rows (event_timestamp and the features)."""
        return expectations(
            self.purchases,
            self.boosters,
            self.rung,
            self.features,
            encode(rows, self.features),
            moments_of(rows),
            self.horizon_days,
        )


def fit_rung(
    rung: Rung, rows: pd.DataFrame, newest: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec
) -> Fitted:
    """Fit a rung.

    rows: examples with their outcomes (kept_bookings, kept_spend), all known by the moment of `newest`.
    newest: the customers as they are then; their histories tell how often people come back.
    """
    bare = _purchases(newest, features, spec)
    if rung == "purchases":
        return Fitted(rung, features, spec.horizon_days, bare)
    in_season = _with_levels(bare, rows, features, spec)
    if rung == "season":
        return Fitted(rung, features, spec.horizon_days, in_season)
    boosters = _boosters(in_season, evenly(rows, spec.most_rows), features, spec)
    return Fitted(rung, features, spec.horizon_days, in_season, boosters)


def moments_of(rows: pd.DataFrame) -> npt.NDArray[np.datetime64]:
    """Return the moment of each row, in UTC."""
    return np.asarray(rows[MOMENT].dt.tz_convert(None).to_numpy("datetime64[us]"))


def evenly(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return all rows of so many customers, evenly picked by id, that at most about `most` rows remain."""
    if len(rows) <= most:
        return rows
    customers = np.sort(rows["customer_id"].unique())
    picked = customers[np.linspace(0, len(customers) - 1, int(len(customers) * most / len(rows))).astype(int)]
    return rows[rows["customer_id"].isin(picked)]


def _purchases(newest: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec) -> Purchases:
    seen = history(encode(newest, features), features)
    count = PurchaseModel.fit(seen.repeats, seen.recency, seen.age, leaves_at_once=spec.leaves_at_once)
    return Purchases(count, SpendModel.fit(seen.bookings, seen.mean_spend))


def _with_levels(
    bare: Purchases, rows: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec
) -> Purchases:
    """Learn the levels at the moments of the past; spend's stands on bookings at their own level."""
    seen = history(encode(rows, features), features)
    count = bare.expected(seen, spec.horizon_days)
    totals = pd.DataFrame(
        {
            "expected": count,
            "amounts": count * bare.amount(seen),
            "bookings": rows[KEPT_BOOKINGS].to_numpy(),
            "spend": rows[KEPT_SPEND].clip(upper=rows[KEPT_SPEND].quantile(spec.spend_cap)).to_numpy(),
        }
    ).groupby(rows[MOMENT].to_numpy()).sum()  # fmt: skip
    moments: Sequence[datetime] = list(totals.index.to_pydatetime())
    unit = max(float(totals["amounts"].sum() / totals["expected"].sum()), _LEAST_RATE)
    return replace(
        bare,
        count_level=_level(moments, totals["bookings"], totals["expected"]),
        spend_level=_level(moments, totals["spend"] / unit, totals["amounts"] / unit),
    )


def _level(moments: Sequence[datetime], observed: pd.Series, expected: pd.Series) -> SeasonLevel:
    return SeasonLevel.fit(moments, observed.to_numpy(np.float64), expected.to_numpy(np.float64))


def _boosters(
    purchases: Purchases, rows: pd.DataFrame, features: tuple[str, ...], spec: ValueSpec
) -> Boosters:
    """Learn what tells customers apart; each moment's total is given: how busy a time is, the levels say."""
    matrix, moments = encode(rows, features), rows[MOMENT].to_numpy()
    seen = history(matrix, features)
    told = with_purchases(purchases, seen, matrix, spec.horizon_days)
    count = purchases.expected(seen, spec.horizon_days)
    kept = rows[KEPT_BOOKINGS].to_numpy(np.float64)
    paid = rows[KEPT_SPEND].clip(0, rows[KEPT_SPEND].quantile(spec.spend_cap)).to_numpy(np.float64)
    amount = purchases.amount(seen)
    if not paid.any():  # nothing cost anything: what the correction of nought is does not matter
        paid, amount = kept, np.ones_like(amount)
    unit = float(paid.mean())
    return Boosters(
        _booster("poisson", told, kept, _levelled(count, kept, moments), spec),
        _booster("tweedie", told, paid / unit, _levelled(count * amount / unit, paid / unit, moments), spec),
    )


def _levelled(expected: Floats, happened: Floats, moments: npt.NDArray[np.datetime64]) -> Floats:
    """Scale expectations to the total of what happened, moment by moment."""
    _, place = np.unique(moments, return_inverse=True)
    totals = [np.bincount(place, values) + 0.5 for values in (happened, expected)]
    return np.asarray(expected * (totals[0] / totals[1])[place], np.float64)


def _booster(
    objective: str, matrix: Floats, happened: Floats, start: Floats, spec: ValueSpec
) -> lightgbm.Booster:
    """Learn what to add to the logarithm of `start`."""
    data = lightgbm.Dataset(matrix, happened, init_score=np.log(np.maximum(start, _LEAST_RATE)))
    return lightgbm.train(spec.booster_params(objective), data, spec.rounds)
