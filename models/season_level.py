"""How much busier than expected a season is: a smooth curve over the days of the year, learned at past moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Moments = Sequence[datetime] | npt.NDArray[np.datetime64]
"""Aware UTC, or numpy's moments, which are UTC."""

YEAR = 365.25
WIDTH_DAYS = 25.0
"""Moments so far apart in the year still tell much of each other (standard deviation of the kernel)."""
DOUBT = 0.5
"""How many moments of the very day the belief counts for that things happen as expected. A season that was never seen
is no reason to raise or to lower."""
HALF_LIFE_DAYS = 365.0
"""A moment so much older than the last one counts half."""


@dataclass(frozen=True)
class SeasonLevel:
    """What happened per what was expected, by the day of the year that one looks ahead from.

    days: (moments,) day of the year, 0 up to 365. logs: (moments,) logarithm of observed over expected totals.
    weights: (moments,) how much each counts, 1 for the last.
    """

    days: tuple[float, ...]
    logs: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def fit(cls, moments: Sequence[datetime], observed: Floats, expected: Floats) -> Self:
        """Learn from the totals (moments,) over all customers; half an event stands beside each (Haldane)."""
        logs = np.log((observed + 0.5) / (expected + 0.5))
        ages = np.array([(max(moments) - moment).days for moment in moments], np.float64)
        weights = 0.5 ** (ages / HALF_LIFE_DAYS)
        return cls(*(tuple(map(float, column)) for column in (_days_of(moments), logs, weights)))

    def at(self, moments: Moments) -> Floats:
        """Return the factor (moments,) at each moment; 1 where nothing was learned."""
        if not self.days:
            return np.ones(len(moments))
        apart = np.abs(_days_of(moments)[:, None] - np.array(self.days)[None, :])
        apart = np.minimum(apart, YEAR - apart)
        weights = np.exp(-((apart / WIDTH_DAYS) ** 2) / 2) * np.array(self.weights)
        logs = np.array(self.logs)
        smooth = (weights @ logs) / (weights.sum(axis=1) + DOUBT)
        return np.asarray(np.exp(smooth), np.float64)


NO_SEASON = SeasonLevel((), (), ())


def _days_of(moments: Moments) -> Floats:
    """Return the day of the year of each moment, 0 for 1 January."""
    if isinstance(moments, np.ndarray):
        days = moments.astype("datetime64[D]")
        return np.asarray((days - days.astype("datetime64[Y]")).astype(np.float64), np.float64)
    return np.array([moment.timetuple().tm_yday - 1 for moment in moments], np.float64)
