"""What the churn scorer looks at: the features, and what the season clock and BG/NBD make of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.purchasing import PurchaseModel
from models.season_clock import SeasonClock

Floats = npt.NDArray[np.float64]

NEEDED = (
    "booking_days",
    "days_since_first_booking",
    "days_since_last_booking",
)
"""The features that the derived inputs are made of."""

DERIVED = (
    "silence_odds",
    "alive_odds",
    "expected_bookings",
    "booking_rate",
    "season_recency",
    "season_age",
    "repeat_bookings",
    "recency_share",
    "season_overdue",
    "season_ahead",
    "days_after_start",
)
"""Inputs beside the features. Days, but for the last, are the season clock's.

silence_odds: log-odds of no booking within the horizon, by BG/NBD. alive_odds: log-odds of still being a customer.
expected_bookings: logarithm of those within the horizon, of who stays. booking_rate: logarithm of bookings a day.
season_recency, season_age: days since the last and the first booking. repeat_bookings: booking days after the first.
recency_share: season_recency of season_age. season_overdue: season_recency per mean gap, 0 without a gap.
season_ahead: days of the horizon. days_after_start: calendar days from the start of the log to the first booking, up
to MOST_AFTER_START: who is met first when the log begins is often an old customer.
"""

RISING, FALLING = ("silence_odds",), ("alive_odds", "expected_bookings", "season_ahead")
"""Inputs with which the risk may only rise, or only fall."""

MOST_AFTER_START = 365.0
MOST_OVERDUE = 50.0
_LEAST = 1e-4


@dataclass(frozen=True)
class ChurnInputs:
    """Turns feature rows into inputs. features: the columns of the matrix. log_start: days since 1970."""

    features: tuple[str, ...]
    clock: SeasonClock
    purchases: PurchaseModel
    log_start: float

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs in order: the derived ones, then the features."""
        return DERIVED + self.features

    def of(self, matrix: Floats, moments: Floats, horizons: Floats) -> Floats:
        """Return (rows, inputs) of (rows, features), of moments (rows,) since 1970 and horizons (rows,), in days."""
        return np.column_stack([self.derived(matrix, moments, horizons), matrix])

    def derived(self, matrix: Floats, moments: Floats, horizons: Floats) -> Floats:
        """Return (rows, DERIVED)."""
        since_first = self._column(matrix, "days_since_first_booking")
        repeats, recency, age = self.history(matrix, moments)
        ahead = self.clock.elapsed(moments, moments + horizons)
        waiting = age - recency
        rate = np.log((self.purchases.r + repeats) / (self.purchases.alpha + age))
        mean_gap = np.where(repeats > 0, np.maximum(recency, 1.0) / np.maximum(repeats, 1.0), np.inf)
        start = np.clip(moments - since_first - self.log_start, 0.0, MOST_AFTER_START)
        return np.column_stack(
            [
                _log_odds(self.purchases.no_purchase(repeats, recency, age, ahead)),
                _log_odds(self.purchases.alive(repeats, recency, age)),
                np.log(np.maximum(ahead, 1e-3)) + rate,
                rate,
                waiting,
                age,
                repeats,
                waiting / np.maximum(age, 1.0),
                np.minimum(waiting / mean_gap, MOST_OVERDUE),
                ahead,
                start,
            ]
        )

    def history(self, matrix: Floats, moments: Floats) -> tuple[Floats, Floats, Floats]:
        """Return repeats, recency and age (rows,) as a purchase model asks, in the season clock's days."""
        first = moments - self._column(matrix, "days_since_first_booking")
        last = moments - self._column(matrix, "days_since_last_booking")
        repeats = np.maximum(self._column(matrix, "booking_days") - 1.0, 0.0)
        return repeats, self.clock.elapsed(first, last), self.clock.elapsed(first, moments)

    def _column(self, matrix: Floats, name: str) -> Floats:
        return matrix[:, self.features.index(name)]


def _log_odds(chances: Floats) -> Floats:
    clipped = np.clip(chances, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float64)
