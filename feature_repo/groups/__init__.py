"""The features by name: meaning, unit, type and what null says. Views, services and documentation come from here."""

from feature_repo.groups.booking import BOOKING
from feature_repo.groups.engagement import ENGAGEMENT
from feature_repo.groups.profile import PROFILE
from feature_repo.groups.taste import TASTE
from feature_repo.groups.travel import TRAVEL

__all__ = ["BOOKING", "CHURN_FEATURES", "ENGAGEMENT", "GROUPS", "PROFILE", "TASTE", "TRAVEL"]

GROUPS = (PROFILE, BOOKING, TRAVEL, ENGAGEMENT, TASTE)
"""Every feature there is."""

CHURN_FEATURES = (
    *(f"{BOOKING.name}:{name}" for name in (
        "total_bookings", "bookings_90d", "bookings_365d", "bookings_730d", "booking_days", "upcoming_trips",
        "lifetime_revenue", "revenue_365d", "average_booking_value", "average_party_size",
        "average_booking_lead_time", "days_since_first_booking", "days_since_last_booking",
        "days_since_last_departure", "median_booking_gap_days", "longest_booking_gap_days", "overdue_ratio",
        "months_from_usual", "usual_booking_month", "days_to_rebooking_window", "rebooking_window_days",
        "cancelled_bookings", "days_since_last_cancellation",
    )),
    *(f"{TRAVEL.name}:{name}" for name in (
        "total_trips", "no_show_count", "days_since_last_no_show", "late_boardings_365d",
        "worst_lateness_365d", "onboard_spend",
    )),
    *(f"{ENGAGEMENT.name}:{name}" for name in (
        "messages_delivered_365d", "messages_read_365d", "read_rate_365d", "days_since_last_read",
        "conversations_365d", "complaints_365d", "average_satisfaction", "last_satisfaction", "last_nps",
        "abandoned_checkouts_90d", "marketing_consent",
    )),
)  # fmt: skip
"""What the churn model sees, in Feast's spelling `view:feature`."""
