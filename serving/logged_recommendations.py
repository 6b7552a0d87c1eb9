"""What was answered under a recommendation id."""

from sqlalchemy import Connection

from activity_log.answer_log import find_answer
from activity_log.errors import BusflowError
from serving.replies import LoggedItem, LoggedRecommendation


class UnknownRecommendationError(BusflowError):
    """No list of this id was answered for the operator."""

    def __init__(self, recommendation_id: str):
        super().__init__(
            f"no recommendation '{recommendation_id[:180]}' was answered: use the recommendation_id of a reply"
        )


def logged_recommendation(
    connection: Connection, operator_id: str, recommendation_id: str
) -> LoggedRecommendation:
    """Return a list as it was answered. Raises UnknownRecommendationError."""
    found = find_answer(connection, operator_id, recommendation_id)
    if found is None:
        raise UnknownRecommendationError(recommendation_id)
    items = [
        LoggedItem(position=position, **item._asdict()) for position, item in enumerate(found.items, start=1)
    ]
    known = {name: value for name, value in vars(found).items() if name not in ("operator_id", "items")}
    return LoggedRecommendation(items=items, **known)
