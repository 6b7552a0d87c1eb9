"""A clock that runs faster in busy seasons: time counted in how much is usually booked.

In operational time (Feller 1971, An Introduction to Probability Theory II, X.7) half a year from June and half a year
from December are as long as the bookings that fall into them, and a customer quiet through the winter has waited less
than one quiet through the spring.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MONTHS = 12
SECONDS_PER_DAY = 86_400.0
_FIRST, _LAST = np.datetime64("1970-01-01"), np.datetime64("2120-01-01")
_MONTH_OF_DAY = np.arange(_FIRST, _LAST).astype("datetime64[M]").astype(np.int64) % MONTHS


@dataclass(frozen=True)
class SeasonClock:
    """How fast time runs in each month, January first; 1 on the average of the months."""

    paces: tuple[float, ...]

    @classmethod
    def flat(cls) -> "SeasonClock":
        """Return the clock of somebody who knows no season."""
        return cls((1.0,) * MONTHS)

    @classmethod
    def of(cls, log_paces: Floats) -> "SeasonClock":
        """Return the clock with these logarithms (12,) of paces, brought to a mean of 1."""
        paces = np.exp(log_paces)
        return cls(tuple(float(pace) for pace in paces / paces.mean()))

    def elapsed(self, start: npt.ArrayLike, end: npt.ArrayLike) -> Floats:
        """Return the days of this clock between two times, both in days since 1970 (UTC), any shape.

        Times outside 1970 to 2120 count as the nearest of these.
        """
        return np.asarray(self._until(end) - self._until(start), np.float64)

    def _until(self, days: npt.ArrayLike) -> Floats:
        since = np.clip(np.asarray(days, np.float64), 0.0, len(_MONTH_OF_DAY) - 1.0)
        whole = since.astype(np.int64)
        return np.asarray(self._sums[whole] + (since - whole) * self._daily[whole], np.float64)

    @cached_property
    def _daily(self) -> Floats:
        return np.array(self.paces)[_MONTH_OF_DAY]

    @cached_property
    def _sums(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(self._daily)])


def months_share(start: float, end: float) -> Floats:
    """Return how much of [start, end), days since 1970, falls into each month (12,); sums to 1."""
    months = _MONTH_OF_DAY[int(start) : max(int(end), int(start) + 1)]
    return np.bincount(months, minlength=MONTHS) / len(months)


def days_of(moments: datetime | Sequence[datetime] | npt.NDArray[np.datetime64], rows: int) -> Floats:
    """Return moments as days since 1970 (rows,): one for all, or one for each (datetime64 is UTC)."""
    if isinstance(moments, datetime):
        return np.full(rows, moments.timestamp() / SECONDS_PER_DAY)
    if isinstance(moments, np.ndarray) and moments.dtype.kind == "M":
        return moments.astype("datetime64[us]").astype(np.float64) / (SECONDS_PER_DAY * 1e6)
    return np.array([moment.astimezone(UTC).timestamp() for moment in moments]) / SECONDS_PER_DAY
