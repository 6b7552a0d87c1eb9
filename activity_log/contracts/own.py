"""Our own events: what the widget showed and what was clicked, with the propensity it was shown at."""

from pydantic import Field

from activity_log.contracts.fields import Id, Payload


class RecommendationShown(Payload):
    """A suggestion was seen. `position` counts from 1; `propensity` is the chance that it stood there."""

    recommendation_id: Id
    tour_id: Id
    position: int = Field(ge=1, le=1_000)
    propensity: float = Field(gt=0, le=1)


class RecommendationClicked(RecommendationShown):
    """A suggestion was followed."""
