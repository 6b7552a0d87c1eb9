"""The customer as traveller."""

from feature_repo.definitions import (
    COUNT,
    DAYS,
    MINUTES,
    MONEY,
    RATIO,
    SHARE,
    TEXT,
    Feature,
    FeatureGroup,
    Stream,
)
from feature_repo.expressions import travel as of

NEVER = "never travelled"
NONE_NAMED = "none was named"

TRAVEL = FeatureGroup(
    name="customer_travel",
    meaning="The customer as traveller: trips, company, seat, stop, no-shows, late coaches and extras.",
    parts=of.habits_of_travel,
    streams=(
        Stream(
            name="boardings",
            rows=of.boardings,
            windows=of.boarding_windows,
            numbers=("at", "minutes_late"),
            lasting=of.within_a_year,
        ),
        Stream(
            name="extras",
            rows=of.extras,
            settled=of.settled_extras,
            windows=of.extra_windows,
            numbers=("at", "money", "onboard"),
            lasting=of.within_a_year,
        ),
    ),
    moving=of.travel_moving,
    hidden=("last_missed",),
    features=(
        Feature("total_trips", "int64", COUNT, "trips booked for the customer as traveller and kept"),
        Feature("trips_as_booker", "int64", COUNT, "of these booked by the customer too"),
        Feature("booker_share", "float64", SHARE, "trips the customer booked of all trips", NEVER),
        Feature("trips_in_company", "int64", COUNT, "trips on which another customer was named"),
        Feature("companions", "int64", COUNT, "different customers named on the same bookings"),
        Feature("seasons_travelled", "int64", COUNT, "different seasons (of four) of departure", NEVER),
        Feature("preferred_seat_position", "string", TEXT, "position of most seats taken", NONE_NAMED),
        Feature("seat_position_share", "float64", SHARE, "seats taken in that position", NONE_NAMED),
        Feature("preferred_boarding_point", "string", TEXT, "boarding point of most seats taken", NONE_NAMED),
        Feature("boarding_point_share", "float64", SHARE, "seats taken from that boarding point", NONE_NAMED),
        Feature("no_show_count", "int64", COUNT, "trips not turned up for"),
        Feature("no_show_rate", "float64", RATIO, "trips not turned up for, per trip kept", NEVER),
        Feature(
            "days_since_last_no_show", "float64", DAYS, "days since the last no-show", "never missed a trip"
        ),
        Feature("late_boardings_365d", "int64", COUNT, "boardings 15 minutes late or more, last 365 days"),
        Feature(
            "worst_lateness_365d",
            "int64",
            MINUTES,
            "most minutes a boarding was late, last 365 days; negative: early",
            "no boarding with a time in the last 365 days",
        ),
        Feature("onboard_spend", "float64", MONEY, "amount of onboard sales"),
        Feature("onboard_spend_365d", "float64", MONEY, "amount of the last 365 days' onboard sales"),
        Feature("onboard_purchases", "int64", COUNT, "onboard sales"),
        Feature("ancillary_spend", "float64", MONEY, "amount of extras sold with bookings"),
        Feature("ancillary_spend_365d", "float64", MONEY, "amount of the last 365 days' extras"),
        Feature("ancillary_purchases", "int64", COUNT, "extras sold with bookings"),
    ),
)
