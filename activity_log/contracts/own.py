"""Our own events: what the widget showed and what was clicked, with the propensity it was shown at."""

from pydantic import Field

from activity_log.contracts.fields import Id, Payload

MOST_ALTERNATIVES = 50


class RecommendationShown(Payload):
    """A suggestion was seen. `position` counts from 1.

    propensity: the chance that this tour stood there, given what stood above it; 1 where nothing was left to chance.
    alternatives: the families that might have stood there, the shown one's among them; none: only this one.
    person_profile_id: who saw it, if they were signed in. model: which ranked it, as "nordlicht.recommender/3".
    """

    recommendation_id: Id
    tour_id: Id
    position: int = Field(ge=1, le=1_000)
    propensity: float = Field(gt=0, le=1)
    person_profile_id: Id | None = None
    model: Id | None = None
    alternatives: tuple[Id, ...] = Field(default=(), max_length=MOST_ALTERNATIVES)


class RecommendationClicked(RecommendationShown):
    """A suggestion was followed."""
