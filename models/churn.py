"""The churn scorer: a LightGBM booster and a logistic line on season-clock inputs, calibrated, and why it says so."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import lightgbm
import numpy as np
import numpy.typing as npt

from models.churn_inputs import ChurnInputs
from models.log_odds_line import LogOddsLine, line_columns, line_places
from models.purchasing import PurchaseModel
from models.rebooking import RebookingCalendar
from models.season_clock import SeasonClock, days_of

Floats = npt.NDArray[np.float64]
Moments = datetime | Sequence[datetime] | npt.NDArray[np.datetime64]
Band = Literal["low", "medium", "high"]

MEDIUM_FROM, HIGH_FROM = 0.35, 0.65
"""From which probability on a risk is called medium or high."""

_BOOSTER, _SCORER = "booster.txt", "scorer.json"


class Contribution(NamedTuple):
    """How much an input moved the log-odds of leaving, and the value it had (nan: null)."""

    feature: str
    log_odds: float
    value: float


class Explained(NamedTuple):
    """Probabilities (rows,), and what each of `ChurnInputs.names` adds to the log-odds (rows, inputs)."""

    probabilities: Floats
    log_odds: Floats


class Mixture(NamedTuple):
    """How the parts become one log-odds: slopes of booster and line, and an intercept."""

    booster: float
    line: float
    intercept: float


@dataclass(frozen=True)
class ChurnScorer:
    """Probability that a customer books nothing within `horizon_days` of a moment.

    The mixture stacks the log-odds of booster and line (Wolpert 1992; with one part it is Platt's scaling of 1999),
    fitted on customers whom neither had seen.
    """

    inputs: ChurnInputs
    booster: lightgbm.Booster
    line: LogOddsLine
    mixture: Mixture
    horizon_days: int
    calendar: RebookingCalendar = field(default_factory=RebookingCalendar)

    @property
    def features(self) -> tuple[str, ...]:
        """The feature columns of the matrix, in order."""
        return self.inputs.features

    def score(self, matrix: Floats, moments: Moments) -> Floats:
        """Return a probability (0-1) per row of a (customers, features) matrix; nan is null.

        moments: the moment for which the features are right, one for all or one per row.
        """
        inputs = self._inputs(matrix, moments)
        boosted = np.asarray(self.booster.predict(inputs, raw_score=True, num_threads=1))
        straight = self.line.log_odds(line_columns(inputs, self.inputs.names))
        return self._chance(boosted, straight)

    def contributions(self, matrix: Floats, moments: Moments) -> list[list[Contribution]]:
        """Return per row its inputs by what they add to the log-odds, greatest risk first; see `explained`."""
        moved, inputs = self.explained(matrix, moments).log_odds, self._inputs(matrix, moments)
        return [
            sorted(map(Contribution, self.inputs.names, row, values), key=lambda c: -c.log_odds)
            for row, values in zip(moved.tolist(), inputs.tolist(), strict=True)
        ]

    def explained(self, matrix: Floats, moments: Moments) -> Explained:
        """Return the probabilities that `score` gives, and what each is made of.

        SHAP values of the booster (Lundberg et al. 2020), which with its bias add up to its score, and the terms of
        the line.
        """
        inputs, names = self._inputs(matrix, moments), self.inputs.names
        with_bias = np.asarray(self.booster.predict(inputs, pred_contrib=True, num_threads=1))
        terms = self.line.parts(line_columns(inputs, names))
        probabilities = self._chance(with_bias.sum(axis=1), terms.sum(axis=1) + self.line.intercept)
        parts = self.mixture.booster * with_bias[:, :-1]
        for place, at in enumerate(line_places(names)):
            parts[:, at] += self.mixture.line * terms[:, place]
        return Explained(probabilities, parts)

    @property
    def base_log_odds(self) -> float:
        """What the contributions of a row add up from."""
        bias = float(
            np.asarray(self.booster.predict(np.zeros((1, len(self.inputs.names))), pred_contrib=True))[0, -1]
        )
        return self.mixture.booster * bias + self.mixture.line * self.line.intercept + self.mixture.intercept

    def save(self, directory: Path) -> None:
        """Write the booster as text, everything else as JSON."""
        (directory / _BOOSTER).write_text(self.booster.model_to_string())
        rest = {
            "features": self.features,
            "paces": self.inputs.clock.paces,
            "purchases": asdict(self.inputs.purchases),
            "log_start": self.inputs.log_start,
            "line": asdict(self.line),
            "mixture": self.mixture,
            "horizon_days": self.horizon_days,
            "calendar": asdict(self.calendar),
        }
        (directory / _SCORER).write_text(json.dumps(rest))

    @classmethod
    def load(cls, directory: Path) -> "ChurnScorer":
        """Read what `save` wrote."""
        rest = json.loads((directory / _SCORER).read_text())
        line = rest["line"]
        return cls(
            ChurnInputs(
                tuple(rest["features"]),
                SeasonClock(tuple(rest["paces"])),
                PurchaseModel(**rest["purchases"]),
                rest["log_start"],
            ),
            lightgbm.Booster(model_str=(directory / _BOOSTER).read_text()),
            LogOddsLine(tuple(line["means"]), tuple(line["weights"]), line["intercept"]),
            Mixture(*rest["mixture"]),
            rest["horizon_days"],
            RebookingCalendar(**rest["calendar"]),
        )

    def _inputs(self, matrix: Floats, moments: Moments) -> Floats:
        rows = len(matrix)
        return self.inputs.of(matrix, days_of(moments, rows), np.full(rows, float(self.horizon_days)))

    def _chance(self, boosted: Floats, straight: Floats) -> Floats:
        mixed = self.mixture.booster * boosted + self.mixture.line * straight + self.mixture.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-mixed)), np.float64)


def encode(columns: Mapping[str, Sequence[Any]], features: Sequence[str]) -> Floats:
    """Turn feature columns into the (rows, features) matrix of training and of serving; null becomes nan."""
    rows = zip(*(columns[name] for name in features), strict=True)
    known = [[np.nan if value is None else value for value in row] for row in rows]
    return np.array(known, np.float64).reshape(-1, len(features))


def band(probability: float) -> Band:
    """Name a risk."""
    if probability >= HIGH_FROM:
        return "high"
    return "medium" if probability >= MEDIUM_FROM else "low"
