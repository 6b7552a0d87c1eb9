"""What each model asks for: one FeatureService per model version."""

from collections.abc import Sequence
from typing import NamedTuple

from feast import FeatureService, FeatureView

from feature_repo.entities import OWNER
from feature_repo.groups import CHURN_FEATURES, GROUPS
from feature_repo.state_view import STATE_VIEW

CHURN = "churn_v1"
RECOMMENDER = "recommender_v1"
INSIGHT = "insight_v1"

_FEATURES = {feature.name: (group, feature) for group in GROUPS for feature in group.features}
_IN_NO_VECTOR = ("string", "array<string>", "array<int64>")


class Service(NamedTuple):
    """Features in Feast's spelling `view:feature`, and what they are for."""

    features: tuple[str, ...]
    description: str
    model: str
    version: str = "1"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features alone."""
        return tuple(feature.split(":")[1] for feature in self.features)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The features that a vector holds: numbers, flags and moments."""
        return tuple(name for name in self.names if _FEATURES[name][1].dtype not in _IN_NO_VECTOR)


def _spelled(*names: str) -> tuple[str, ...]:
    return tuple(f"{_FEATURES[name][0].name}:{name}" for name in names)


RECOMMENDER_FEATURES = _spelled(
    "family_ids", "family_counts", "upcoming_departure_ids", "usual_travel_month", "preferred_boarding_point"
)
INSIGHT_FEATURES = _spelled(
    *(name for name, (_, feature) in _FEATURES.items() if not feature.dtype.startswith("array"))
)
SERVICES = {
    CHURN: Service(
        (*CHURN_FEATURES, *_spelled("currency")),
        "What the churn model of version 1 sees; the currency is for its reasons.",
        "churn",
    ),
    RECOMMENDER: Service(
        RECOMMENDER_FEATURES, "What the recommender of version 1 knows of a customer.", "recommender"
    ),
    INSIGHT: Service(INSIGHT_FEATURES, "What the CustomerInsight shows: every feature but lists.", "insight"),
}


def feature_services(views: Sequence[FeatureView]) -> list[FeatureService]:
    """Return one service per entry of SERVICES over the given views."""
    return [
        FeatureService(
            name=name,
            features=[view[wanted] for view in views if (wanted := _of_view(view.name, service.features))],
            description=service.description,
            tags={"model": service.model, "version": service.version, "served_from": STATE_VIEW},
            owner=OWNER,
        )
        for name, service in SERVICES.items()
    ]


def _of_view(view: str, features: Sequence[str]) -> list[str]:
    return [name.split(":")[1] for name in features if name.startswith(f"{view}:")]
