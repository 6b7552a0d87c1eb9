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

Floats = npt.NDArray[np.float64]


class Baseline(Protocol):
    """Something that learns from a frame of features and `churned`, and gives probabilities."""

    def fit(self, past: pd.DataFrame) -> "Baseline":
        """Learn from the past."""
        ...

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return a probability per row."""
        ...


class BaseRate:
    """Everybody leaves with the frequency of the past."""

    def fit(self, past: pd.DataFrame) -> "BaseRate":
        """Take the mean."""
        self._rate = float(past["churned"].mean())
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the same for all."""
        return np.full(len(rows), self._rate)


class RecencyRule:
    """The longer since the last booking, the likelier gone: a monotone curve through the past."""

    def fit(self, past: pd.DataFrame) -> "RecencyRule":
        """Fit an isotonic regression on days since the last booking."""
        self._curve = IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip")
        self._curve.fit(past["days_since_last_booking"], past["churned"].astype(float))
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Read the curve."""
        return np.asarray(self._curve.predict(rows["days_since_last_booking"]), np.float64)


class RfmLogistic:
    """Logistic regression on log recency, frequency and monetary (Hughes 1994's three)."""

    def fit(self, past: pd.DataFrame) -> "RfmLogistic":
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


BASELINES: Mapping[str, type[BaseRate] | type[RecencyRule] | type[RfmLogistic]] = {
    "base_rate": BaseRate,
    "recency_rule": RecencyRule,
    "rfm_logistic": RfmLogistic,
}
