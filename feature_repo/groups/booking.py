"""The customer as booker."""

from feature_repo.definitions import (
    COUNT,
    DAYS,
    MOMENT,
    MONEY,
    MONTH,
    MONTHS,
    RATIO,
    SEATS,
    SHARE,
    SIGNED_DAYS,
    TEXT,
    Feature,
    FeatureGroup,
    Stream,
)
from feature_repo.expressions import booking as of

NEVER = "never booked"
UNDATED = "never booked a departure with a date"
ONCE = "booked on fewer than two days"

BOOKING = FeatureGroup(
    name="customer_booking",
    meaning="The customer as booker: recency, frequency, monetary, rhythm, lead time. Only bookings kept count.",
    parts=of.booking_habits,
    streams=(
        Stream(
            name="bookings",
            rows=of.bookings,
            settled=of.settled_bookings,
            windows=of.booking_windows,
            numbers=("at", "money", "departure_day"),
        ),
    ),
    moving=of.booking_moving,
    hidden=("first_booked", "last_booked", "rebooking_expected", "last_cancelled"),
    features=(
        Feature("total_bookings", "int64", COUNT, "bookings kept"),
        Feature("bookings_90d", "int64", COUNT, "bookings kept of the last 90 days"),
        Feature("bookings_365d", "int64", COUNT, "bookings kept of the last 365 days"),
        Feature("bookings_730d", "int64", COUNT, "bookings kept of the last 730 days"),
        Feature("booking_days", "int64", COUNT, "different days (UTC) with a booking", NEVER),
        Feature("upcoming_trips", "int64", COUNT, "bookings whose departure is still ahead"),
        Feature("lifetime_revenue", "float64", MONEY, "amount of all kept bookings"),
        Feature("revenue_90d", "float64", MONEY, "amount of the last 90 days' bookings"),
        Feature("revenue_365d", "float64", MONEY, "amount of the last 365 days' bookings"),
        Feature("revenue_730d", "float64", MONEY, "amount of the last 730 days' bookings"),
        Feature("currency", "string", TEXT, "currency of most bookings", NEVER),
        Feature("usual_sales_channel", "string", TEXT, "sales channel of most bookings", NEVER),
        Feature("average_booking_value", "float64", MONEY, "mean amount of a booking", NEVER),
        Feature("highest_booking_value", "float64", MONEY, "amount of the dearest booking", NEVER),
        Feature("average_price_per_seat", "float64", MONEY, "amount per seat booked", NEVER),
        Feature(
            "average_price_per_night",
            "float64",
            MONEY,
            "amount per seat and night booked",
            "never booked a published tour with a night",
        ),
        Feature("average_party_size", "float64", SEATS, "mean number of seats of a booking", NEVER),
        Feature("largest_party_size", "int64", SEATS, "most seats of one booking", NEVER),
        Feature("average_booking_lead_time", "float64", DAYS, "mean days from booking to departure", UNDATED),
        Feature(
            "shortest_booking_lead_time", "int64", DAYS, "fewest days from booking to departure", UNDATED
        ),
        Feature("days_since_first_booking", "float64", DAYS, "days since the first booking", NEVER),
        Feature("days_since_last_booking", "float64", DAYS, "days since the last booking", NEVER),
        Feature("last_booking_at", "timestamp", MOMENT, "moment of the last booking", NEVER),
        Feature(
            "days_since_last_departure",
            "float64",
            DAYS,
            "days since the last departure booked",
            "no departure lies behind",
        ),
        Feature("median_booking_gap_days", "float64", DAYS, "median days between booking days", ONCE),
        Feature("longest_booking_gap_days", "float64", DAYS, "most days between booking days", ONCE),
        Feature("overdue_ratio", "float64", RATIO, "days since the last booking, per median gap", ONCE),
        Feature("usual_booking_month", "int64", MONTH, "month booked in most often", NEVER),
        Feature("usual_booking_month_share", "float64", SHARE, "bookings made in that month", NEVER),
        Feature("different_booking_months", "int64", MONTH, "different months booked in", NEVER),
        Feature("months_from_usual", "int64", MONTHS, "months since the usual booking month", NEVER),
        Feature("usual_travel_month", "int64", MONTH, "month departed in most often", UNDATED),
        Feature(
            "days_to_rebooking_window",
            "float64",
            SIGNED_DAYS,
            "days until the next booking may be expected, negative once it may be: a median gap after the last "
            "booking (a year after an only one), less rebooking_window_days",
            NEVER,
        ),
        Feature(
            "rebooking_window_days",
            "float64",
            DAYS,
            "days to either side within which the next booking is expected: half the difference of the longest "
            "and the shortest gap, 30 at least",
            NEVER,
        ),
        Feature("cancelled_bookings", "int64", COUNT, "bookings cancelled"),
        Feature("cancellation_rate", "float64", SHARE, "bookings cancelled of all", NEVER),
        Feature(
            "days_since_last_cancellation",
            "float64",
            DAYS,
            "days since the last cancellation",
            "never cancelled",
        ),
    ),
)
