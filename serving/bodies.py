"""What may be sent: how much of it, how slowly, and in which encoding."""

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import is_public
from serving.middleware import problem

KILOBYTE, MEGABYTE = 1_024, 1_024 * 1_024
USUAL_BYTES, BATCH_BYTES = 64 * KILOBYTE, MEGABYTE
LARGEST_BYTES = {"/events": 16 * MEGABYTE, "/churn_risk": BATCH_BYTES}
"""What needs more than the usual; paths that end in `batch` may send BATCH_BYTES."""
SECONDS, EVENTS_SECONDS = 10.0, 60.0
"""How long a body may take to come."""

_JSON = (b"content-type", b"application/json")


class RefusedBodyError(Exception):
    """A body that is not taken."""

    def __init__(self, status: HTTPStatus, detail: str):
        super().__init__(detail)
        self.status = status
        self.detail = detail


class GoneError(Exception):
    """The caller went away in the middle of the body."""


class JsonBodies:
    """Reads bodies within their bounds, and takes them for JSON, however they are labelled.

    A label is easily forgotten (curl and urllib call everything a form), and the framework would read such a body
    as an empty one. The CRM screen's own forms stay forms, which it bounds itself.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body of one request, and pass both on."""
        if scope["type"] != "http" or scope["method"] not in {"POST", "PUT", "PATCH"}:
            await self._app(scope, receive, send)
            return
        try:
            largest = largest_bytes(scope["path"])
            _check_headers(scope, largest)
            if is_public(scope["path"]):
                await self._app(scope, receive, send)
                return
            body = await _whole_body(scope["path"], receive, largest)
        except RefusedBodyError as refused:
            await problem(refused.status, refused.detail)(scope, receive, send)
            return
        except GoneError:
            return
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return unread.pop() if unread else await receive()

        headers = [header for header in scope["headers"] if header[0] != b"content-type"]
        await self._app({**scope, "headers": [*headers, _JSON]}, receive_again, send)


def largest_bytes(path: str) -> int:
    """Return how large a body a path takes."""
    return LARGEST_BYTES.get(path) or (BATCH_BYTES if path.endswith("batch") else USUAL_BYTES)


def _check_headers(scope: Scope, largest: int) -> None:
    """Refuse what says of itself that it is too large or packed."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > largest):
            raise _too_large(largest)
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise RefusedBodyError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body as it is: no encoding is taken"
            )


async def _whole_body(path: str, receive: Receive, largest: int) -> bytes:
    """Return the body, without keeping more than `largest` of it or waiting for longer than it may take."""
    seconds = EVENTS_SECONDS if path == "/events" else SECONDS
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                body += message.get("body", b"")
                if len(body) > largest:
                    raise _too_large(largest)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        detail = f"the body did not come within {seconds:g} seconds"
        raise RefusedBodyError(HTTPStatus.REQUEST_TIMEOUT, detail) from None


def _too_large(largest: int) -> RefusedBodyError:
    size = f"{largest // MEGABYTE} MB" if largest >= MEGABYTE else f"{largest // KILOBYTE} kB"
    detail = f"the body is larger than {size}; send it in parts"
    return RefusedBodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
