"""How good expected bookings and spend are: errors per customer, of the total, of the ranking, and of the range."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from models.value import Forecast

Floats = npt.NDArray[np.float64]

SMALLEST = 1e-3
"""A deviance asks for expectations above nought: the least that a rule is taken to say."""


def value_metrics(bookings: Floats, spend: Floats, kept: Floats, paid: Floats) -> dict[str, float]:
    """Return the figures of expected (customers,) bookings and spend against what was kept and paid.

    mae_count, rmse_count, mae_spend: per customer. total_count_error: of all bookings together, as a share of them.
    spearman_spend: rank correlation, 0 where either is the same for everybody. count_deviance: see `deviances`.
    """
    return {
        "mae_count": float(np.abs(bookings - kept).mean()),
        "rmse_count": float(np.sqrt(((bookings - kept) ** 2).mean())),
        "total_count_error": float(abs(bookings.sum() - kept.sum()) / max(kept.sum(), 1.0)),
        "mae_spend": float(np.abs(spend - paid).mean()),
        "spearman_spend": spearman(spend, paid),
        "count_deviance": float(deviances(bookings, kept).mean()),
    }


def range_coverage(told: Forecast, kept: Floats, paid: Floats) -> dict[str, float]:
    """Return the share of customers whose bookings, and whose spend, fell into the likely range."""
    return {
        "bookings_coverage": float(((told.bookings_low <= kept) & (kept <= told.bookings_high)).mean()),
        "spend_coverage": float(((told.spend_low <= paid) & (paid <= told.spend_high)).mean()),
    }


def spearman(left: Floats, right: Floats) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; 0 where one side never varies.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 15.0]))
    0.5
    """
    one, other = (rankdata(side) - (len(side) + 1) / 2 for side in (left, right))
    spread = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other / spread) if spread else 0.0


def deviances(expected: Floats, kept: Floats) -> Floats:
    """Return the Poisson deviance of each expectation (McCullagh and Nelder 1989): least where it is the mean."""
    mean = np.maximum(expected, SMALLEST)
    logs = np.where(kept > 0, kept * np.log(np.maximum(kept, 1.0) / mean), 0.0)
    return np.asarray(2 * (logs - (kept - mean)), np.float64)
