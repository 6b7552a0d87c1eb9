"""What each model asks for: one FeatureService per model version."""

from collections.abc import Sequence

from feast import FeatureService, FeatureView

from feature_repo.entities import OWNER
from feature_repo.groups import BOOKING, CHURN_FEATURES, ENGAGEMENT, TASTE, TRAVEL

CHURN = "churn_v1"
RECOMMENDER = "recommender_v1"
INSIGHT = "insight_v1"

RECOMMENDER_FEATURES = (
    f"{TASTE.name}:family_ids",
    f"{TASTE.name}:family_counts",
    f"{TASTE.name}:upcoming_departure_ids",
    f"{BOOKING.name}:usual_travel_month",
    f"{TRAVEL.name}:preferred_boarding_point",
)
INSIGHT_FEATURES = (
    *(f"{BOOKING.name}:{feature.name}" for feature in BOOKING.features),
    *(f"{TRAVEL.name}:{feature.name}" for feature in TRAVEL.features),
    *(f"{ENGAGEMENT.name}:{feature.name}" for feature in ENGAGEMENT.features),
    f"{TASTE.name}:favourite_family",
)
SERVICES = {
    CHURN: (
        (*CHURN_FEATURES, f"{BOOKING.name}:currency"),
        "What the churn model of version 1 sees; the currency is for its reasons.",
    ),
    RECOMMENDER: (RECOMMENDER_FEATURES, "What the recommender of version 1 knows of a customer."),
    INSIGHT: (INSIGHT_FEATURES, "What the CustomerInsight shows."),
}


def feature_services(views: Sequence[FeatureView]) -> list[FeatureService]:
    """Return one service per entry of SERVICES over the given views."""
    return [
        FeatureService(
            name=name,
            features=[view[wanted] for view in views if (wanted := _of_view(view.name, features))],
            description=description,
            owner=OWNER,
        )
        for name, (features, description) in SERVICES.items()
    ]


def _of_view(view: str, features: Sequence[str]) -> list[str]:
    return [name.split(":")[1] for name in features if name.startswith(f"{view}:")]
