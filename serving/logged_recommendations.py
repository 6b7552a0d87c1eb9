"""What was answered under a recommendation id."""

from activity_log.errors import BusflowError


class UnknownRecommendationError(BusflowError):
    """No list of this id was answered for the operator."""

    def __init__(self, recommendation_id: str):
        super().__init__(
            f"no recommendation '{recommendation_id[:180]}' was answered: use the recommendation_id of a reply"
        )
