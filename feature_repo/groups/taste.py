"""What the customer likes."""

from feature_repo.definitions import COUNT, NIGHTS, SHARE, TEXT, TEXTS, Feature, FeatureGroup, Stream
from feature_repo.expressions import taste as of

NEVER = "never booked or travelled"
NEVER_PUBLISHED = "never booked or travelled on a published tour"

TASTE = FeatureGroup(
    name="customer_taste",
    meaning="What the customer likes: tour families, regions and themes booked or travelled; the same or new.",
    parts=of.likings,
    streams=(
        Stream(
            name="departures",
            rows=of.departures,
            windows=of.departure_windows,
            numbers=("departure_day",),
            texts=("departure_id",),
            lasting=of.departures_ahead,
        ),
    ),
    features=(
        Feature("family_ids", "array<string>", TEXTS, "families, alphabetically", NEVER),
        Feature("family_counts", "array<int64>", COUNT, "trips per family, in the same order", NEVER),
        Feature("region_ids", "array<string>", TEXTS, "regions, alphabetically", NEVER_PUBLISHED),
        Feature(
            "region_counts", "array<int64>", COUNT, "trips per region, in the same order", NEVER_PUBLISHED
        ),
        Feature("theme_ids", "array<string>", TEXTS, "themes, alphabetically", NEVER_PUBLISHED),
        Feature("theme_counts", "array<int64>", COUNT, "trips per theme, in the same order", NEVER_PUBLISHED),
        Feature("upcoming_departure_ids", "array<string>", TEXTS, "departures booked and ahead", "none"),
        Feature("favourite_family", "string", TEXT, "family travelled most often", "never travelled"),
        Feature("favourite_family_share", "float64", SHARE, "trips to that family", "never travelled"),
        Feature("favourite_region", "string", TEXT, "region taken most often", NEVER_PUBLISHED),
        Feature("favourite_theme", "string", TEXT, "theme taken most often", NEVER_PUBLISHED),
        Feature("different_families", "int64", COUNT, "different families booked or travelled", NEVER),
        Feature(
            "repeat_share",
            "float64",
            SHARE,
            "trips after the first to a family taken before",
            "fewer than two trips",
        ),
        Feature(
            "repeat_propensity",
            "float64",
            SHARE,
            "chance that the next trip is to a family taken before: (repeats + 1) / (trips after the first + 2)",
            NEVER,
        ),
        Feature("average_nights", "float64", NIGHTS, "mean nights of a trip", NEVER_PUBLISHED),
        Feature("longest_nights", "int64", NIGHTS, "nights of the longest trip", NEVER_PUBLISHED),
    ),
)
