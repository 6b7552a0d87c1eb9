"""Moments are whole seconds since 1970-01-01 UTC; this is the one place that turns them into text."""

from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY
_EPOCH = date(1970, 1, 1).toordinal()


def midnight(day: date) -> int:
    """Return 00:00 UTC of `day`."""
    return (day.toordinal() - _EPOCH) * DAY


@lru_cache(maxsize=256)
def new_year(year: int) -> int:
    """Return the first moment of `year`."""
    return midnight(date(year, 1, 1))


def day_of(moment: int) -> date:
    """Return the UTC date of `moment`."""
    return date.fromordinal(_EPOCH + moment // DAY)


@lru_cache(maxsize=65_536)
def _iso_day(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat()


def iso_day(moment: int) -> str:
    """Return the UTC date of `moment` as `YYYY-MM-DD`."""
    return _iso_day(moment // DAY)


def iso_times(moments: npt.NDArray[np.int64]) -> list[str]:
    """Return each moment as `YYYY-MM-DDTHH:MM:SSZ`."""
    stamps = moments.astype("datetime64[s]")
    return [f"{stamp}Z" for stamp in np.datetime_as_string(stamps).tolist()]


def quarter_starts(start: date, until: date) -> list[date]:
    """Return the first days of the quarters in [start, until)."""
    days = [date(year, month, 1) for year in range(start.year, until.year + 1) for month in (1, 4, 7, 10)]
    return [day for day in days if start <= day < until]
