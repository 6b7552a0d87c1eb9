"""When a customer may be expected to book again: from their own booking calendar, and what others do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OWN_FROM = 3
"""With so many booking days, two gaps, the customer's own rhythm speaks alone."""
A_YEAR = 365.0
LEAST_WIDTH = 30.0


class RebookingWindow(NamedTuple):
    """The days between which the next booking is expected, and the likeliest. The window may be over."""

    earliest: date
    likely: date
    latest: date


@dataclass(frozen=True)
class RebookingCalendar:
    """What customers of this operator do after a booking, for those whose own rhythm is not known yet.

    early, usual, late: a quarter, half and three quarters of the rebookings come so many days after the last.
    """

    early: float = A_YEAR - LEAST_WIDTH
    usual: float = A_YEAR
    late: float = A_YEAR + LEAST_WIDTH

    @classmethod
    def learn(cls, gaps: Floats, least: int = 50) -> Self:
        """Learn from the median gaps (customers,) of those who have one, in days; a year while these are few."""
        known = gaps[np.isfinite(gaps) & (gaps > 0)]
        if len(known) < least:
            return cls()
        early, usual, late = (float(value) for value in np.quantile(known, [0.25, 0.5, 0.75]))
        return cls(min(early, usual - 1), usual, max(late, usual + 1))

    def window(self, features: Mapping[str, Any], now: datetime) -> RebookingWindow | None:
        """Return when the customer of these features (right at `now`) should book; None: has never booked.

        features: booking_days, days_since_last_booking, days_to_rebooking_window and rebooking_window_days (None is
        null). With one gap the own rhythm and that of the others count half each.
        """
        since = features["days_since_last_booking"]
        if since is None:
            return None
        last = now - timedelta(days=float(since))
        days = self._days_after(features, float(since))
        return RebookingWindow(*((last + timedelta(days=round(after))).date() for after in days))

    def _days_after(self, features: Mapping[str, Any], since: float) -> tuple[float, float, float]:
        """Return earliest, likely and latest in days after the last booking."""
        share = min(max(float(features["booking_days"] or 1) - 1, 0.0) / (OWN_FROM - 1), 1.0)
        others = (self.early, self.usual, self.late)
        if not share:
            return others
        width = float(features["rebooking_window_days"] or LEAST_WIDTH)
        opens = max(since + float(features["days_to_rebooking_window"]), 0.0)
        own = (opens, opens + width, opens + 2 * width)
        early, usual, late = (
            share * mine + (1 - share) * theirs for mine, theirs in zip(own, others, strict=True)
        )
        return early, usual, late
