"""What each model asks for: one FeatureService per model version."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from feast import FeatureService, FeatureView

from feature_repo.entities import OWNER
from feature_repo.groups import CHURN_FEATURES, GROUPS
from feature_repo.state_view import STATE_VIEW

CHURN = "churn_v1"
VALUE = "value_v1"
CHANNEL = "channel_v1"
CLUSTERS = "clusters_v1"
RECOMMENDER = "recommender_v1"
INSIGHT = "insight_v1"
SLICES = "slices_v1"
TRAINING = "training_v1"
"""What training sets are drawn from: all that any model of rows reads, and what slices are made of."""

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
CHANNEL_FEATURES = _spelled(
    "locale",
    *(
        f"{what}_{channel}"
        for channel in ("email", "whatsapp", "sms", "phone", "letter", "push")
        for what in ("messages_delivered", "messages_read", "campaigns_delivered", "campaigns_read")
    ),
)
CLUSTERS_FEATURES = _spelled(
    "total_bookings", "lifetime_revenue", "average_booking_value", "average_party_size",
    "average_booking_lead_time", "days_since_last_booking", "average_nights", "repeat_propensity", "total_trips",
    "read_rate", "onboard_spend", "tenure_days",
)  # fmt: skip
INSIGHT_FEATURES = _spelled(
    *(name for name, (_, feature) in _FEATURES.items() if not feature.dtype.startswith("array"))
)
SLICE_FEATURES = _spelled(
    "days_since_first_booking", "postcode_area", "average_party_size", "usual_sales_channel"
)
_MODELS = {
    CHURN: Service(
        (*CHURN_FEATURES, *_spelled("currency")),
        "What the churn model of version 1 sees; the currency is for its reasons.",
        "churn",
    ),
    VALUE: Service(
        (*CHURN_FEATURES, *_spelled("revenue_90d", "revenue_730d", "highest_booking_value", "currency")),
        "What the value model of version 1 sees; the currency says what its amounts are in.",
        "value",
    ),
    CLUSTERS: Service(
        CLUSTERS_FEATURES, "The habits that clusters of version 1 are made and named of.", "clusters"
    ),
    CHANNEL: Service(CHANNEL_FEATURES, "What the channel model of version 1 counts.", "channel"),
    RECOMMENDER: Service(
        RECOMMENDER_FEATURES, "What the recommender of version 1 knows of a customer.", "recommender"
    ),
}
_LEARNED_FROM = (*(_MODELS[name].features for name in (CHURN, VALUE, CHANNEL, CLUSTERS)), SLICE_FEATURES)
"""Of which models each example is a customer at a moment."""

SERVICES = {
    **_MODELS,
    INSIGHT: Service(INSIGHT_FEATURES, "What the CustomerInsight shows: every feature but lists.", "insight"),
    SLICES: Service(SLICE_FEATURES, "What slices are made of: whom no model may serve worse.", "every model"),
    TRAINING: Service(
        tuple(dict.fromkeys(chain(*_LEARNED_FROM))),
        "What training sets are drawn from: what models of customers at moments see, and slices.",
        "every model",
    ),
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
