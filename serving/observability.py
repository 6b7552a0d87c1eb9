"""What every request leaves behind: a line in the log, a figure by route, a span; and the door for the scraper."""

import functools
import hmac
import logging
import os
import random
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio
import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activity_log import tracing
from activity_log.clock import Clock, utc_now
from activity_log.database import open_log
from activity_log.metrics import LogCollector
from activity_log.settings import Settings
from activity_log.telemetry import logger
from serving.reply_headers import complete

if TYPE_CHECKING:
    from opentelemetry.trace import Span

UNMATCHED = "unmatched"
SYSTEM_PATHS = ("/healthz", "/livez", "/readyz", "/docs.json", "/schema.json")
"""The framework's own, which stand in no table of ours."""

QUIET = frozenset({"/healthz", "/livez", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LOG = logger("serving.requests")
_ENABLED = logging.getLogger("serving.requests").isEnabledFor

REQUEST_SECONDS = Histogram(
    "busflow_http_request_seconds",
    "How long requests took, by route",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class RouteNames:
    """Names routes as they are written, so that no id of a path becomes a label."""

    def __init__(self, paths: Iterable[str], routes: Sequence[BaseRoute] = ()):
        self._paths = frozenset(paths)
        self._routes: Sequence[BaseRoute] = ()
        self.read(routes)

    def read(self, routes: Sequence[BaseRoute]) -> None:
        """Take the names of these routes, and of no others."""
        self.also(route.path for route in routes if isinstance(route, Route) and "{" not in route.path)
        self._routes = routes

    def also(self, paths: Iterable[str]) -> None:
        """Take in more paths without parameters."""
        self._paths = self._paths.union(paths)

    def of(self, scope: Scope) -> str:
        """Return the template of a request's path, UNMATCHED if there is none."""
        path: str = scope["path"]
        if path in self._paths:
            return path
        for route in self._routes:
            if route.matches(scope)[0] is not Match.NONE:
                return str(getattr(route, "path", UNMATCHED))
        return UNMATCHED


class Observed:
    """Gives each request an id and each reply its headers, and notes when it is answered how it went."""

    def __init__(self, app: ASGIApp, names: RouteNames, is_closing: Callable[[], bool] = lambda: False):
        self._app = app
        self._names = names
        self._is_closing = is_closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and watch its reply."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, status = _request_id(scope), 500
        structlog.contextvars.bind_contextvars(request_id=request_id, operator=..., role=...)

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = complete(
                    message, request_id, tls=scope["scheme"] == "https", closing=self._is_closing()
                )
            await send(message)

        method, route, started = _method(scope), self._names.of(scope), time.perf_counter()
        try:
            if not tracing.is_tracing():
                await self._app(scope, receive, watch)
                return
            with _span(method, route, scope) as span:
                try:
                    await self._app(scope, receive, watch)
                finally:
                    if span is not None:
                        span.set_attribute("http.response.status_code", status)
        finally:
            _note(method, route, status, time.perf_counter() - started)


class Figures:
    """What Prometheus is told: of the log, and of all processes of this service."""

    def __init__(self, collector: Callable[[Collection[str] | None], LogCollector]):
        self._collector = collector

    def of_operator(self, operator_id: str) -> bytes:
        """Return the figures of one operator's log, and nothing that others add to."""
        return self._of_log([operator_id])

    def of_all(self) -> bytes:
        """Return the figures of all operators and of the service."""
        return self._of_log(None) + generate_latest(_processes())

    def _of_log(self, operator_ids: Collection[str] | None) -> bytes:
        registry = CollectorRegistry()
        registry.register(self._collector(operator_ids))
        return generate_latest(registry)


class ScrapeDoor:
    """Answers `GET /metrics` for whoever shows BUSFLOW_METRICS_TOKEN; all others go on to the access gate."""

    def __init__(self, app: ASGIApp, token: Callable[[], SecretStr | None], figures: Callable[[], Figures]):
        self._app = app
        self._token = token
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] == "http" and scope["path"] == "/metrics" and self._opens(Headers(scope=scope)):
            content = await anyio.to_thread.run_sync(self._figures().of_all)
            await exposition(content)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _opens(self, headers: Headers) -> bool:
        token = self._token()
        shown = headers.get("authorization", "")
        return token is not None and hmac.compare_digest(
            shown.encode(), f"Bearer {token.get_secret_value()}".encode()
        )


def open_figures(settings: Settings, clock: Clock = utc_now) -> Figures:
    """Wire the figures of an installation."""
    database = open_log(settings)
    return Figures(partial(LogCollector, database, clock))


def exposition(content: bytes) -> Response:
    """Return figures as Prometheus reads them."""
    return Response(content, media_type=CONTENT_TYPE_LATEST)


def _processes() -> CollectorRegistry:
    """Return the figures of all worker processes where there are several, of this one otherwise."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _span(method: str, route: str, scope: Scope) -> "AbstractContextManager[Span | None]":
    headers = Headers(scope=scope)
    return tracing.request_span(f"{method} {route}", headers, http_request_method=method, http_route=route)


@functools.lru_cache(maxsize=2_048)
def _observe(method: str, route: str, status: int) -> Callable[[float], None]:
    """Return where a duration is noted; looking it up by labels each time would take as long as the noting."""
    return REQUEST_SECONDS.labels(method, route, status).observe


def _note(method: str, route: str, status: int, seconds: float) -> None:
    _observe(method, route, status)(seconds)
    level = _level(status)
    if _ENABLED(level) and route not in QUIET:
        _LOG.log(level, "request", method=method, route=route, status=status, ms=round(seconds * 1_000, 2))


def _level(status: int) -> int:
    """Return how loud a reply is told: what went well only to who listens closely, since each line costs time."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return logging.ERROR
    return logging.INFO if status >= HTTPStatus.BAD_REQUEST else logging.DEBUG


def _request_id(scope: Scope) -> str:
    """Return the caller's id of the request if it is a decent one, else a fresh one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return random.randbytes(16).hex()  # noqa: S311 (it need only differ, and this holds up nobody)


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in METHODS else "OTHER"
