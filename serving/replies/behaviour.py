"""What a customer has done: as booker, as traveller, as a buyer of habits."""

from datetime import datetime

from serving.replies.contract import Reply


class BehaviorAggregate(Reply):
    """What the customer has done. Revenue and bookings as booker; seat, stop and no-shows as traveller."""

    lifetime_revenue: float
    currency: str | None
    total_bookings: int
    cancelled_bookings: int
    last_booking_at: datetime | None
    average_booking_lead_time: float | None
    median_booking_gap_days: float | None
    usual_booking_month: int | None
    usual_travel_month: int | None
    favourite_family: str | None
    favourite_family_name: str | None
    average_party_size: float | None
    total_trips: int
    preferred_seat_position: str | None
    preferred_boarding_point: str | None
    no_show_count: int
    onboard_spend: float


class PurchasePattern(Reply):
    """How the customer usually buys; null where it is not known. Months count from 1, money is in `currency`."""

    usual_booking_month: int | None
    usual_booking_month_share: float | None
    usual_travel_month: int | None
    lead_time_days: float | None
    party_size: float | None
    nights: float | None
    price_per_seat: float | None
    price_per_night: float | None
    usual_sales_channel: str | None
    currency: str | None
