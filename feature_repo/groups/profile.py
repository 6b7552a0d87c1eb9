"""The customer as known to the Backoffice, without the identity."""

from feature_repo.definitions import COUNT, DAYS, TEXT, TEXTS, Feature, FeatureGroup
from feature_repo.expressions import profile as of

PROFILE = FeatureGroup(
    name="customer_profile",
    meaning="How long the customer is known, the language and the area; nothing that tells who it is.",
    parts=of.profile,
    moving=of.profile_moving,
    hidden=("first_known",),
    features=(
        Feature("tenure_days", "float64", DAYS, "days since the first profile"),
        Feature("profile_updates", "int64", COUNT, "times the profile was told"),
        Feature("locale", "string", TEXT, "language and country, as in de-DE"),
        Feature("postcode_area", "string", TEXT, "first two digits of the postcode", "none was told"),
        Feature(
            "consented_purposes",
            "array<string>",
            TEXTS,
            "purposes whose latest consent event grants it, alphabetically",
            "none was granted",
        ),
    ),
)
