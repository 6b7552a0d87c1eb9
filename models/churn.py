"""The churn scorer: a LightGBM booster, its calibration, and the contributions behind a score."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import lightgbm
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Band = Literal["low", "medium", "high"]

MEDIUM_FROM, HIGH_FROM = 0.35, 0.65
"""From which probability on a risk is called medium or high."""

_BOOSTER, _SCORER = "booster.txt", "scorer.json"


class Contribution(NamedTuple):
    """How much a feature moved the log-odds of leaving, and the value it had (nan: null)."""

    feature: str
    log_odds: float
    value: float


@dataclass(frozen=True)
class ChurnScorer:
    """Probability that a customer books nothing within the horizon.

    features: column names in the order of the matrix. slope, intercept: Platt scaling of the booster's log-odds
    (Platt 1999), fitted on customers the booster had not seen.
    """

    features: tuple[str, ...]
    booster: lightgbm.Booster
    slope: float
    intercept: float

    def score(self, matrix: Floats) -> Floats:
        """Return a probability (0-1) per row of a (customers, features) matrix; nan is null."""
        log_odds = np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=1))
        return 1.0 / (1.0 + np.exp(-(self.slope * log_odds + self.intercept)))

    def contributions(self, matrix: Floats) -> list[list[Contribution]]:
        """Return per row its features by SHAP value (Lundberg et al. 2020), greatest risk first."""
        shap = np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=1))[:, :-1]
        return [
            sorted(map(Contribution, self.features, self.slope * row, values), key=lambda c: -c.log_odds)
            for row, values in zip(shap, matrix, strict=True)
        ]

    def save(self, directory: Path) -> None:
        """Write booster and calibration as text."""
        (directory / _BOOSTER).write_text(self.booster.model_to_string())
        scaling = {"features": self.features, "slope": self.slope, "intercept": self.intercept}
        (directory / _SCORER).write_text(json.dumps(scaling))

    @classmethod
    def load(cls, directory: Path) -> "ChurnScorer":
        """Read what `save` wrote."""
        scaling = json.loads((directory / _SCORER).read_text())
        booster = lightgbm.Booster(model_str=(directory / _BOOSTER).read_text())
        return cls(tuple(scaling["features"]), booster, scaling["slope"], scaling["intercept"])


def encode(columns: Mapping[str, Sequence[Any]], features: Sequence[str]) -> Floats:
    """Turn feature columns into the (rows, features) matrix of training and of serving; null becomes nan."""
    return np.column_stack(
        [np.array([np.nan if v is None else v for v in columns[name]], np.float64) for name in features]
    )


def band(probability: float) -> Band:
    """Name a risk."""
    if probability >= HIGH_FROM:
        return "high"
    return "medium" if probability >= MEDIUM_FROM else "low"
