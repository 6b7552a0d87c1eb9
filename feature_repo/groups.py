"""The features by name: meaning, unit, type and what null says. Views and services come from here."""

from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

from feature_repo.expressions.booking import booking_behaviour
from feature_repo.expressions.clocks import Facts
from feature_repo.expressions.engagement import engagement
from feature_repo.expressions.taste import taste
from feature_repo.expressions.travel import travel_behaviour


@dataclass(frozen=True)
class Feature:
    """One column. `null` says what a missing value means; empty: it is never missing."""

    name: str
    dtype: str
    meaning: str
    null: str = ""


@dataclass(frozen=True)
class FeatureGroup:
    """Columns that one expression computes together; one Feast view each."""

    name: str
    meaning: str
    expression: Callable[[Facts, ir.Table], ir.Table]
    features: tuple[Feature, ...]


NEVER_BOOKED = "never booked"
BOOKED_ONCE = "booked on fewer than two days"

BOOKING = FeatureGroup(
    "customer_booking",
    "The customer as booker: recency, frequency, monetary, rhythm, lead time. Only bookings kept count.",
    booking_behaviour,
    (
        Feature("total_bookings", "int64", "bookings kept"),
        Feature("bookings_365d", "int64", "bookings kept of the last 365 days"),
        Feature("bookings_730d", "int64", "bookings kept of the last 730 days"),
        Feature("booking_days", "int64", "different days (UTC) with a booking", NEVER_BOOKED),
        Feature("upcoming_trips", "int64", "bookings whose departure is still ahead"),
        Feature("lifetime_revenue", "float64", "amount of all kept bookings, in the operator's currency"),
        Feature("revenue_365d", "float64", "amount of the last 365 days' bookings"),
        Feature("revenue_730d", "float64", "amount of the last 730 days' bookings"),
        Feature("currency", "string", "currency of most bookings", NEVER_BOOKED),
        Feature("average_booking_value", "float64", "mean amount of a booking", NEVER_BOOKED),
        Feature("average_party_size", "float64", "mean number of seats of a booking", NEVER_BOOKED),
        Feature("average_booking_lead_time", "float64", "mean days from booking to departure", NEVER_BOOKED),
        Feature("days_since_first_booking", "float64", "days", NEVER_BOOKED),
        Feature("days_since_last_booking", "float64", "days", NEVER_BOOKED),
        Feature("last_booking_at", "timestamp", "moment of the last booking, UTC", NEVER_BOOKED),
        Feature("days_since_last_departure", "float64", "days", "no departure lies behind"),
        Feature("median_booking_gap_days", "float64", "median days between booking days", BOOKED_ONCE),
        Feature("longest_booking_gap_days", "float64", "longest such gap, days", BOOKED_ONCE),
        Feature("overdue_ratio", "float64", "days since the last booking, per median gap", BOOKED_ONCE),
        Feature("usual_booking_month", "int64", "month (1-12) booked in most often", NEVER_BOOKED),
        Feature("months_from_usual", "int64", "months (0-11) since the usual booking month", NEVER_BOOKED),
        Feature("usual_travel_month", "int64", "month (1-12) departed in most often", NEVER_BOOKED),
        Feature("cancelled_bookings", "int64", "bookings cancelled"),
        Feature("days_since_last_cancellation", "float64", "days", "never cancelled"),
    ),
)

TRAVEL = FeatureGroup(
    "customer_travel",
    "The customer as traveller: trips, seat, stop, no-shows, late coaches and extras.",
    travel_behaviour,
    (
        Feature("total_trips", "int64", "trips booked for the customer as traveller and kept"),
        Feature("preferred_seat_position", "string", "seat position of most trips", "none was named"),
        Feature("preferred_boarding_point", "string", "boarding point of most trips", "none was named"),
        Feature("no_show_count", "int64", "trips not turned up for"),
        Feature("days_since_last_no_show", "float64", "days", "never missed a trip"),
        Feature("late_boardings_365d", "int64", "boardings 15 minutes late or more, last 365 days"),
        Feature("worst_lateness_365d", "int64", "minutes", "no boarding in the last 365 days"),
        Feature("onboard_spend", "float64", "amount of onboard sales"),
        Feature("ancillary_spend", "float64", "amount of extras sold with bookings"),
    ),
)

ENGAGEMENT = FeatureGroup(
    "customer_engagement",
    "How the customer answers: messages, ratings, abandoned checkouts and consent.",
    engagement,
    (
        Feature("messages_delivered", "int64", "messages delivered"),
        Feature("messages_read", "int64", "messages read"),
        Feature("messages_delivered_365d", "int64", "messages delivered in the last 365 days"),
        Feature("messages_read_365d", "int64", "messages read in the last 365 days"),
        Feature("read_rate_365d", "float64", "share (0-1) read of those delivered", "none was delivered"),
        Feature("days_since_last_read", "float64", "days", "never read a message"),
        Feature("most_read_channel", "string", "channel most messages were read on", "never read one"),
        Feature("conversations_365d", "int64", "conversations resolved in the last 365 days"),
        Feature("complaints_365d", "int64", "of these rated 1 or 2 of 5"),
        Feature("average_satisfaction", "float64", "mean rating, 1-5", "never rated"),
        Feature("last_satisfaction", "int64", "latest rating, 1-5", "never rated"),
        Feature("last_nps", "int64", "latest answer to 'would you recommend us', 0-10", "never answered"),
        Feature("abandoned_checkouts_90d", "int64", "checkouts left in the last 90 days"),
        Feature("marketing_consent", "bool", "the latest word on marketing"),
    ),
)

TASTE = FeatureGroup(
    "customer_taste",
    "What the customer likes: tour families booked or travelled.",
    taste,
    (
        Feature("family_ids", "array<string>", "families, alphabetically", "never booked or travelled"),
        Feature("family_counts", "array<int64>", "trips per family, in the same order", "likewise"),
        Feature("upcoming_departure_ids", "array<string>", "departures booked and ahead", "none"),
        Feature("favourite_family", "string", "family travelled most often", "never travelled"),
    ),
)

GROUPS = (BOOKING, TRAVEL, ENGAGEMENT, TASTE)
"""Every feature there is."""

CHURN_FEATURES = (
    *(f"{BOOKING.name}:{name}" for name in (
        "total_bookings", "bookings_365d", "bookings_730d", "booking_days", "upcoming_trips",
        "lifetime_revenue", "revenue_365d", "average_booking_value", "average_party_size",
        "average_booking_lead_time", "days_since_first_booking", "days_since_last_booking",
        "days_since_last_departure", "median_booking_gap_days", "longest_booking_gap_days", "overdue_ratio",
        "months_from_usual", "cancelled_bookings", "days_since_last_cancellation",
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
