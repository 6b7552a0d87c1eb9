"""Refusing at once what would only queue, so that what is let in is answered in time.

A server reads all that came in one turn of the event loop, and the answers are worked out one after the other in the
turns that follow. So this stands before everything, the framework's layers included, where each request is counted in
the turn it came in, whatever it waits for afterwards. Where it stands further in, those answered within one turn
count as there at once until it ends, and a turn that has answered SOME and lasted for LONGEST_TURN_SECONDS answers no
more. A single slow request is no overload, and makes nobody be refused.
"""

import asyncio
import signal
from collections.abc import Callable
from time import monotonic
from typing import Any

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.cors import Origins, origin_of
from serving.reply_headers import ALWAYS

EXEMPT = frozenset({"/livez", "/readyz", "/healthz", "/metrics"})
SOME, LONGEST_TURN_SECONDS = 16, 0.025
_BODY = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,'
    b'"detail":"more requests at once than this process can answer in time; send it again in a second"}'
)
_HEADERS = [
    (b"content-type", b"application/problem+json"),
    (b"content-length", str(len(_BODY)).encode()),
    (b"retry-after", b"1"),
    (b"cache-control", b"no-store"),
    *ALWAYS,
]
_END: Message = {"type": "http.response.body", "body": _BODY}

SHED = Counter("busflow_http_shed", "Requests refused at once because too many were there", ["because"])
_TOO_MANY, _TOO_LATE = SHED.labels("in flight"), SHED.labels("turn")


def put_first(layer: Callable[[ASGIApp], ASGIApp]) -> bool:
    """Put a layer before the whole application of this process's server; say whether there is one.

    BentoML makes the server (uvicorn's) and hands nobody a reference, but its handler of SIGTERM is a method of it.
    Call it while the application starts: connections take the application as it is when they begin.
    """
    config: Any = getattr(getattr(signal.getsignal(signal.SIGTERM), "__self__", None), "config", None)
    if getattr(config, "loaded_app", None) is None:
        return False
    config.loaded_app = layer(config.loaded_app)
    return True


class Shedding:
    """Answers 503 with Retry-After, before token and body are looked at, once a process has enough to do."""

    def __init__(
        self,
        app: ASGIApp,
        most: Callable[[], int],
        origins: Callable[[], Origins],
        clock: Callable[[], float] = monotonic,
    ):
        self._app = app
        self._most = most
        self._origins = origins
        self._clock = clock
        self._in_flight = 0
        self._answered = 0
        """In this turn of the event loop: they were there at once with those that still are."""
        self._turn_began: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or not."""
        if scope["type"] != "http" or scope["path"] in EXEMPT:
            await self._app(scope, receive, send)
            return
        began = self._turn()
        if self._in_flight + self._answered >= self._most():
            _TOO_MANY.inc()
            await self._refuse(scope, send)
            return
        if self._answered >= SOME and self._clock() - began > LONGEST_TURN_SECONDS:
            _TOO_LATE.inc()
            await self._refuse(scope, send)
            return
        self._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._turn()
            self._in_flight -= 1
            self._answered += 1

    def _turn(self) -> float:
        """Return when the present turn of the event loop began."""
        if self._turn_began is None:
            self._turn_began = self._clock()
            asyncio.get_running_loop().call_soon(self._end_turn)
        return self._turn_began

    def _end_turn(self) -> None:
        self._turn_began = None
        self._answered = 0

    async def _refuse(self, scope: Scope, send: Send) -> None:
        headers = [*_HEADERS, *self._origins().readable(origin_of(scope), None)]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send(_END)
