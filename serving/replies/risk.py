"""Whether a customer is about to be lost."""

from datetime import date, datetime
from typing import Literal

from serving.replies.contract import Band, ModelInfo, Reason, Reply


class RebookingWindow(Reply):
    """The days between which the next booking is expected, and the likeliest. The window may be over."""

    earliest: date
    likely: date
    latest: date


class ChurnRisk(Reply):
    """Chance (0-1) that the customer books nothing within `horizon_days` after `as_of`.

    Who has never booked, or is newer than the features, has no probability and the band `unknown`.
    rebooking_window: when the next booking is expected; null for who has never booked.
    """

    customer_id: str
    probability: float | None
    band: Band | Literal["unknown"]
    horizon_days: int
    reasons: list[Reason]
    as_of: datetime
    model: ModelInfo
    rebooking_window: RebookingWindow | None = None
