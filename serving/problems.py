"""Which HTTP status an error of ours answers with, and which fields are at fault."""

from http import HTTPStatus

from activity_log.errors import (
    BusflowError,
    NoModelError,
    TooManyEventsError,
    UnknownCustomerError,
    UnknownOperatorError,
)
from activity_log.segments.definitions import UnknownSegmentError
from serving.cursors import BadCursorError
from serving.feedback import FeedbackRefusedError
from serving.invitable import NotBookableError, UnknownDepartureError
from serving.logged_recommendations import UnknownRecommendationError
from serving.lookups import NotReadyError
from serving.recommending import UnknownTourError
from serving.replies import FieldError

_STATUS: tuple[tuple[type[BusflowError], HTTPStatus], ...] = (
    (UnknownCustomerError, HTTPStatus.NOT_FOUND),
    (UnknownTourError, HTTPStatus.NOT_FOUND),
    (UnknownDepartureError, HTTPStatus.NOT_FOUND),
    (NotBookableError, HTTPStatus.CONFLICT),
    (UnknownSegmentError, HTTPStatus.NOT_FOUND),
    (UnknownRecommendationError, HTTPStatus.NOT_FOUND),
    (UnknownOperatorError, HTTPStatus.FORBIDDEN),
    (TooManyEventsError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (NoModelError, HTTPStatus.SERVICE_UNAVAILABLE),
    (NotReadyError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def status_of(error: BusflowError) -> HTTPStatus:
    """Return the status of an error; what has none of its own is the caller's mistake (400)."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)


def errors_of(error: BusflowError) -> list[FieldError]:
    """Return the field that an error of ours is about, where it is about one."""
    if isinstance(error, BadCursorError):
        return [FieldError(field="cursor", detail=str(error))]
    field, told, detail = str(error).partition(": ")
    is_of_field = isinstance(error, FeedbackRefusedError) and bool(told)
    return [FieldError(field=field, detail=detail)] if is_of_field else []
