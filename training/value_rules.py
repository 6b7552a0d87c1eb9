"""The simple rules that a value model has to beat: everybody alike, and once more what was."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Expected = tuple[Floats, Floats]
"""Bookings and spend, (rows,) each."""

MEAN_RATE, LAST_PERIOD = "mean_rate", "same_as_last_period"
LAST_BOOKINGS, LAST_SPEND = "last_period_bookings", "last_period_spend"
"""Columns of what was booked within the horizon's length before the moment, where somebody counted it."""

_WINDOWS = (90, 365, 730)


def mean_rate(newest: pd.DataFrame, rows: pd.DataFrame, horizon_days: int) -> Expected:
    """Everybody books and spends at the rate of all customers together: repeats per day since the first booking.

    newest: the customers as known when the rule is made. rows: whom it is asked of.
    """
    days = max(float(newest["days_since_first_booking"].sum()), 1.0)
    repeats = float((newest["total_bookings"] - 1).clip(lower=0).sum())
    bookings = repeats / days * horizon_days
    amount = float(newest["lifetime_revenue"].sum()) / max(float(newest["total_bookings"].sum()), 1.0)
    return np.full(len(rows), bookings), np.full(len(rows), bookings * amount)


def same_as_last_period(rows: pd.DataFrame, horizon_days: int) -> Expected:
    """Everybody books and spends once more what they did in the time before, as long as the horizon.

    Where only 90, 365 and 730 days are counted, the nearest of these stands in, in proportion.
    """
    if LAST_BOOKINGS in rows:
        return rows[LAST_BOOKINGS].to_numpy(np.float64), rows[LAST_SPEND].to_numpy(np.float64)
    window = min(_WINDOWS, key=lambda days: abs(np.log(days / horizon_days)))
    part = horizon_days / window
    counted = [rows[f"{what}_{window}d"].to_numpy(np.float64) * part for what in ("bookings", "revenue")]
    return counted[0], counted[1]
