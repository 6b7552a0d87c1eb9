"""The customer in conversation."""

from feature_repo.definitions import (
    COUNT,
    DAYS,
    FLAG,
    HOURS,
    NPS,
    RATING,
    SHARE,
    TEXT,
    Feature,
    FeatureGroup,
    Stream,
)
from feature_repo.expressions import engagement as of

NEVER_RATED = "never rated"
NEVER_READ = "never read a message"

_BY_CHANNEL = tuple(
    Feature(f"{kind}_{what}_{channel}", "int64", COUNT, f"messages {of_kind}{what}, by {channel}")
    for kind, of_kind in (("messages", ""), ("campaigns", "of campaigns "))
    for what in ("delivered", "read")
    for channel in of.CHANNELS
)

ENGAGEMENT = FeatureGroup(
    name="customer_engagement",
    meaning="How the customer answers: messages, ratings, abandoned checkouts and consent.",
    parts=of.answers,
    streams=(
        Stream(
            name="messages",
            rows=of.messages,
            settled=of.settled_messages,
            windows=of.message_windows,
            numbers=("delivered", "read"),
            lasting=of.lasting_messages,
        ),
        Stream(
            name="talks",
            rows=of.conversations,
            settled=of.settled_conversations,
            windows=of.conversation_windows,
            numbers=("at", "satisfaction"),
            lasting=of.within_a_year,
        ),
        Stream(
            name="checkouts",
            rows=of.abandonments,
            settled=of.settled_abandonments,
            windows=of.abandonment_windows,
            numbers=("at",),
            lasting=of.within_a_year,
        ),
    ),
    moving=of.engagement_moving,
    hidden=("last_delivered", "last_read", "last_complained", "last_abandoned"),
    features=(
        Feature("messages_delivered", "int64", COUNT, "messages delivered"),
        Feature("messages_read", "int64", COUNT, "messages read"),
        *_BY_CHANNEL,
        Feature("messages_delivered_365d", "int64", COUNT, "messages delivered in the last 365 days"),
        Feature("messages_read_365d", "int64", COUNT, "messages read in the last 365 days"),
        Feature("read_rate", "float64", SHARE, "messages read of those delivered", "none was delivered"),
        Feature(
            "read_rate_365d",
            "float64",
            SHARE,
            "messages read of those delivered in the last 365 days",
            "none was delivered",
        ),
        Feature(
            "average_read_delay_hours",
            "float64",
            HOURS,
            "mean hours from delivery to first reading, 0 where a reading is told of before its delivery",
            "none was delivered and read",
        ),
        Feature(
            "days_since_last_message", "float64", DAYS, "days since the last delivery", "none was delivered"
        ),
        Feature("days_since_last_read", "float64", DAYS, "days since a message was read", NEVER_READ),
        Feature("most_read_channel", "string", TEXT, "channel most messages were read on", NEVER_READ),
        Feature("conversations", "int64", COUNT, "conversations resolved"),
        Feature("conversations_365d", "int64", COUNT, "conversations resolved in the last 365 days"),
        Feature("complaints", "int64", COUNT, "conversations rated 1 or 2 of 5"),
        Feature("complaints_365d", "int64", COUNT, "of the last 365 days' rated 1 or 2 of 5"),
        Feature(
            "days_since_last_complaint", "float64", DAYS, "days since the last complaint", "never complained"
        ),
        Feature("average_satisfaction", "float64", RATING, "mean rating", NEVER_RATED),
        Feature("last_satisfaction", "int64", RATING, "latest rating", NEVER_RATED),
        Feature("average_nps", "float64", NPS, "mean answer to 'would you recommend us'", "never answered"),
        Feature("last_nps", "int64", NPS, "latest answer to 'would you recommend us'", "never answered"),
        Feature("abandoned_checkouts", "int64", COUNT, "checkouts left"),
        Feature("abandoned_checkouts_90d", "int64", COUNT, "checkouts left in the last 90 days"),
        Feature("abandoned_checkouts_365d", "int64", COUNT, "checkouts left in the last 365 days"),
        Feature(
            "days_since_last_abandoned_checkout",
            "float64",
            DAYS,
            "days since a checkout was left",
            "never left one",
        ),
        Feature("marketing_consent", "bool", FLAG, "the latest word on marketing"),
    ),
)
