"""The straight part of the churn scorer: a logistic regression on a few transformed inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.churn_inputs import DERIVED

Floats = npt.NDArray[np.float64]

STRAIGHT = ("silence_odds", "alive_odds", "expected_bookings")
CURVED = ("repeat_bookings", "season_recency", "season_age", "season_overdue", "season_ahead")
CURVED_FEATURES = ("bookings_90d", "bookings_365d", "average_booking_value")
"""Of these the logarithm of one more counts; features as far as the model has them."""

FIRST_WEEKS = 60.0
"""Who is met so many days after the log began is by a third as likely an old customer as on its first day."""


@dataclass(frozen=True)
class LogOddsLine:
    """Log-odds as a sum over columns (columns,): weight x (value - mean), plus an intercept."""

    means: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def parts(self, columns: Floats) -> Floats:
        """Return what each column adds to the log-odds, (rows, columns)."""
        return np.asarray((columns - np.array(self.means)) * np.array(self.weights), np.float64)

    def log_odds(self, columns: Floats) -> Floats:
        """Return the log-odds (rows,)."""
        return np.asarray(self.parts(columns).sum(axis=1) + self.intercept, np.float64)


def line_columns(inputs: Floats, names: Sequence[str]) -> Floats:
    """Return the columns (rows, columns) that the line is made of; inputs: (rows, inputs) called `names`."""
    straight, curved, start, repeats = _places(tuple(names))
    bent = np.log1p(np.maximum(np.nan_to_num(inputs[:, curved]), 0.0))
    met_early = np.exp(-inputs[:, start] / FIRST_WEEKS)
    met_early_often = met_early * np.log1p(inputs[:, repeats])
    columns = np.column_stack([inputs[:, straight], bent, met_early, met_early_often])
    return np.ascontiguousarray(columns)  # so that one row adds up as among others, to the bit


@lru_cache(maxsize=64)
def _places(names: tuple[str, ...]) -> tuple[list[int], list[int], int, int]:
    """Return where the straight and the curved inputs stand, and the two that tell who was met early."""
    at = {name: place for place, name in enumerate(names)}
    return (
        [at[name] for name in STRAIGHT],
        [at[name] for name in _curved(names)],
        at["days_after_start"],
        at["repeat_bookings"],
    )


@lru_cache(maxsize=64)
def line_places(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return at which place among `names` the input stands that each column belongs to."""
    return tuple(map(names.index, (*STRAIGHT, *_curved(names), "days_after_start", "days_after_start")))


def _curved(names: Sequence[str]) -> tuple[str, ...]:
    known = set(names) - set(DERIVED)
    return CURVED + tuple(name for name in CURVED_FEATURES if name in known)
