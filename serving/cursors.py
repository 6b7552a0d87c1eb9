"""What a page hands out to ask for the following one: opaque to callers, and never trusted."""

import base64
import binascii

from activity_log.errors import BusflowError

LONGEST = 400


class BadCursorError(BusflowError):
    """A cursor that no page gave."""

    def __init__(self, cursor: str):
        super().__init__(f"cursor '{cursor[:40]}': use the next_cursor of a page")


def write_cursor(place: str) -> str:
    """Return the cursor of a place.

    >>> read_cursor(write_cursor("c-anna"))
    'c-anna'
    """
    return base64.urlsafe_b64encode(place.encode()).decode()


def read_cursor(cursor: str) -> str:
    """Return the place of a cursor. Raises BadCursorError."""
    try:
        place = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise BadCursorError(cursor) from error
    if not place or len(place) > LONGEST or not place.isprintable():
        raise BadCursorError(cursor)
    return place
