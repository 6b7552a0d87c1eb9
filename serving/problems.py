"""Which HTTP status an error of ours answers with."""

from http import HTTPStatus

from activity_log.errors import (
    BusflowError,
    NoModelError,
    TooManyEventsError,
    UnknownCustomerError,
    UnknownOperatorError,
)
from serving.recommending import UnknownTourError

_STATUS: tuple[tuple[type[BusflowError], HTTPStatus], ...] = (
    (UnknownCustomerError, HTTPStatus.NOT_FOUND),
    (UnknownTourError, HTTPStatus.NOT_FOUND),
    (UnknownOperatorError, HTTPStatus.FORBIDDEN),
    (TooManyEventsError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (NoModelError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def status_of(error: BusflowError) -> HTTPStatus:
    """Return the status of an error; what has none of its own is the caller's mistake (400)."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
