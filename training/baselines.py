"""The simple rules a churn model has to beat, each fitted on the past like the model itself."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.purchasing import PurchaseModel

Floats = npt.NDArray[np.float64]

DAY_LIMITS = (90.0, 180.0)


class Baseline(Protocol):
    """Something that learns from a frame of features and `churned`, and gives probabilities."""

    def fit(self, past: pd.DataFrame, horizon_days: float) -> "Baseline":
        """Learn from the past; horizon_days: what `churned` looks ahead."""
        ...

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return a probability per row."""
        ...


class BaseRate:
    """Everybody leaves with the frequency of the past."""

    def fit(self, past: pd.DataFrame, _horizon_days: float) -> "BaseRate":
        """Take the mean."""
        self._rate = float(past["churned"].mean())
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the same for all."""
        return np.full(len(rows), self._rate)


class RecencyRule:
    """The longer since the last booking, the likelier gone: a monotone curve through the past."""

    def fit(self, past: pd.DataFrame, _horizon_days: float) -> "RecencyRule":
        """Fit an isotonic regression on days since the last booking."""
        self._curve = IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip")
        self._curve.fit(past["days_since_last_booking"], past["churned"].astype(float))
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Read the curve."""
        return np.asarray(self._curve.predict(rows["days_since_last_booking"]), np.float64)


class RfmLogistic:
    """Logistic regression on log recency, frequency and monetary (Hughes 1994's three)."""

    def fit(self, past: pd.DataFrame, _horizon_days: float) -> "RfmLogistic":
        """Fit on the standardised logarithms."""
        self._model = make_pipeline(StandardScaler(), LogisticRegression())
        self._model.fit(self._columns(past), past["churned"].astype(int))
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the regression's probabilities."""
        return np.asarray(self._model.predict_proba(self._columns(rows))[:, 1], np.float64)

    @staticmethod
    def _columns(rows: pd.DataFrame) -> Floats:
        names = ("days_since_last_booking", "total_bookings", "lifetime_revenue")
        logarithms: Floats = np.log1p(rows[list(names)].to_numpy(np.float64))
        return logarithms


class DayLimits:
    """Fixed limits: fine up to 90 days after the last booking, at risk up to 180, then as good as gone."""

    def fit(self, past: pd.DataFrame, _horizon_days: float) -> "DayLimits":
        """Take how many left of each of the three; the limits themselves are not learned."""
        self._everybody = float(past["churned"].mean())
        self._shares = past["churned"].groupby(self._step(past)).mean()
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the share of the customer's step; everybody's for a step nobody was on."""
        shares = self._step(rows).map(self._shares).fillna(self._everybody)
        return np.asarray(shares, np.float64)

    @staticmethod
    def _step(rows: pd.DataFrame) -> pd.Series:
        days = rows["days_since_last_booking"].astype("float64")
        return (days > DAY_LIMITS[0]).astype(int) + (days > DAY_LIMITS[1]).astype(int)


class BgNbd:
    """BG/NBD (Fader, Hardie and Lee 2005), fitted to the histories of those it judges; it learns from no outcome."""

    def fit(self, _past: pd.DataFrame, horizon_days: float) -> "BgNbd":
        """Take the horizon."""
        self._horizon = float(horizon_days)
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the chance of no booking in the horizon."""
        age = rows["days_since_first_booking"].to_numpy(np.float64)
        recency = age - rows["days_since_last_booking"].to_numpy(np.float64)
        history = (rows["booking_days"].to_numpy(np.float64) - 1.0, recency, age)
        return PurchaseModel.fit(*history).no_purchase(*history, self._horizon)


Rule = BaseRate | RecencyRule | RfmLogistic | DayLimits | BgNbd

BASELINES: Mapping[str, type[Rule]] = {
    "base_rate": BaseRate,
    "recency_rule": RecencyRule,
    "rfm_logistic": RfmLogistic,
    "day_limits": DayLimits,
    "bg_nbd": BgNbd,
}
