"""From what a browser says was shown or clicked to the event that is logged: the rest is known from the id's note."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from activity_log.contracts.own import RecommendationClicked, RecommendationShown
from activity_log.contracts.types import OWN_SOURCE
from activity_log.errors import BusflowError
from models.registry import registered_name
from serving.requests import Feedback
from serving.tickets import Ticket, family_digest


class FeedbackRefusedError(BusflowError):
    """A feedback whose fields make no event, or that contradicts what was shown; the text names the field."""


class Seen(NamedTuple):
    """What the server itself knows of what was shown: fields of the event beside those the feedback names."""

    propensity: float = 1.0
    person_profile_id: str | None = None
    model: str | None = None
    alternatives: tuple[str, ...] = ()


def feedback_event(operator_id: str, feedback: Feedback, seen: Seen, now: datetime) -> dict[str, Any]:
    """Return the CloudEvent; the same feedback, said twice, has the same id."""
    kind = RecommendationShown if feedback.kind == "shown" else RecommendationClicked
    known = {name: value for name, value in seen._asdict().items() if value not in (None, ())}
    return {
        "id": f"{feedback.recommendation_id}:{feedback.kind}:{feedback.position}",
        "source": OWN_SOURCE,
        "type": kind.__name__,
        "time": now.isoformat(),
        "operatorid": operator_id,
        "data": feedback.model_dump(exclude={"kind"}) | known,
    }


def seen(
    operator_id: str,
    feedback: Feedback,
    ticket: Ticket | None,
    families: Mapping[str, str],
    person: str | None,
) -> Seen:
    """Return what is known of the place a feedback speaks of. families: of all tours, by tour id.

    person: the profile of the ticket's customer. An id that is none of ours is taken as the word of a caller with a
    token: that something was shown, by no model of ours and with nothing left to chance. Raises FeedbackRefusedError
    for a place or a tour that the list of the id did not have.
    """
    if ticket is None:
        return Seen()
    if feedback.position > ticket.places:
        raise FeedbackRefusedError(f"position: the list had {ticket.places} places")
    model = f"{registered_name(operator_id, 'recommender')}/{ticket.version}" if ticket.version else None
    if not ticket.alternatives or feedback.position < ticket.places:
        return Seen(1.0, person, model)
    family = families.get(feedback.tour_id, feedback.tour_id)
    if family_digest(family) != ticket.alternatives[ticket.drawn]:
        raise FeedbackRefusedError(f"tour_id: another tour stood at position {feedback.position}")
    return Seen(ticket.propensity, person, model, _named(ticket.alternatives, set(families.values())))


def _named(digests: Collection[bytes], families: Collection[str]) -> tuple[str, ...]:
    by_digest = {family_digest(family): family for family in families}
    return tuple(by_digest[digest] for digest in digests if digest in by_digest)
