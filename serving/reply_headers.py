"""What every reply carries beside its content: its request id, and what keeps browsers from doing harm with it."""

from collections.abc import Sequence

from starlette.types import Message

RawHeaders = Sequence[tuple[bytes, bytes]]

ALWAYS: RawHeaders = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
NOT_KEPT = (b"cache-control", b"no-store")
"""For answers: they hold personal data. Scripts, styles and pictures may be kept."""
TLS_ONLY = (b"strict-transport-security", b"max-age=31536000")
"""Where the caller came by TLS, to us or to a proxy we trust."""
CLOSE = (b"connection", b"close")

_ANSWERS = (b"application/json", b"application/problem+json", b"text/html")


def complete(start: Message, request_id: str, *, tls: bool, closing: bool) -> Message:
    """Return the start of a reply with what it lacks; a header that is there already stays as it is.

    closing: tells the caller to send its next request over a new connection.
    """
    headers = list(start["headers"])
    there = dict(headers)
    headers.append((b"x-request-id", request_id.encode("ascii")))
    headers += [header for header in ALWAYS if header[0] not in there]
    if b"cache-control" not in there and there.get(b"content-type", b"").startswith(_ANSWERS):
        headers.append(NOT_KEPT)
    if tls:
        headers.append(TLS_ONLY)
    if closing:
        headers.append(CLOSE)
    return {**start, "headers": headers}
