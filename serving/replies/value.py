"""What a customer is worth."""

from datetime import datetime

from serving.replies.contract import ModelInfo, Reply


class Expected(Reply):
    """An expectation with the range that four of five customers like this one fall into."""

    expected: float
    low: float
    high: float


class CustomerValue(Reply):
    """What the customer is expected to bring.

    Null with a `note`: no model is live, nothing was booked, or nothing was computed yet.
    bookings, spend: within `horizon_days` from `as_of`. lifetime_value: spend of the next `lifetime_years`, a year's
    delay taking `discount` (0-1) off. Money is in `currency`.
    """

    bookings: Expected | None
    spend: Expected | None
    lifetime_value: float | None
    lifetime_years: int
    discount: float
    currency: str | None
    horizon_days: int | None
    as_of: datetime | None
    model: ModelInfo | None
    note: str | None = None


class RfmScore(Reply):
    """Fifths (1-5, 5 is best) among the operator's customers by recency, frequency, monetary; name in words."""

    recency: int
    frequency: int
    monetary: int
    name: str
    label: str
    customers: int


class CustomerRfm(Reply):
    """The figures RFM is made of, and their fifths; null with a `note` where there are none.

    days_since_last_booking: null for who has never booked. Money is in `currency`.
    """

    customer_id: str
    as_of: datetime | None
    days_since_last_booking: float | None
    total_bookings: int | None
    lifetime_revenue: float | None
    currency: str | None
    score: RfmScore | None
    note: str | None


class CustomerClv(CustomerValue):
    """What a customer is expected to bring; see CustomerValue."""

    customer_id: str
