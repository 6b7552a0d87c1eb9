"""The access gate: who asks, whether they may, and not too often. Nothing behind it sees a request it refuses."""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access import (
    ALLOWED,
    AccessDeniedError,
    Caller,
    TokenKeys,
    check_role,
    current_caller,
    is_public,
)
from serving.cors import Origins, origin_of, refuses
from serving.limits import Limits, Refused
from serving.middleware import problem


class TooOftenError(Exception):
    """A limit is used up (429)."""

    def __init__(self, refused: Refused, detail: str):
        super().__init__(detail)
        self.headers = refused.headers
        self.detail = detail


class AccessGate:
    """Answers 401, 403, 404 or 429 itself; notes the caller otherwise."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Callable[[], TokenKeys],
        limits: Callable[[], Limits],
        origins: Callable[[], Origins],
    ):
        self._app = app
        self._keys = keys
        self._limits = limits
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http" or (scope["path"] not in ALLOWED and is_public(scope["path"])):
            await self._app(scope, receive, send)
            return
        try:
            caller = self._admit(scope)
        except AccessDeniedError as denied:
            await problem(denied.status, denied.detail)(scope, receive, send)
            return
        except TooOftenError as error:
            reply = problem(HTTPStatus.TOO_MANY_REQUESTS, error.detail, error.headers)
            await reply(scope, receive, send)
            return
        current_caller.set(caller)
        structlog.contextvars.bind_contextvars(operator=caller.operator_id, role=caller.role)
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> Caller:
        """Return who asks. Raises AccessDeniedError and TooOftenError."""
        caller = scope["busflow.caller"] = self._caller(scope)
        check_role(caller, scope["path"])
        site = refuses(self._origins(), caller, origin_of(scope))
        if site:
            raise AccessDeniedError(403, site)
        refused = self._limits().of_caller(caller, scope)
        if refused is not None:
            raise TooOftenError(refused, f"more than {refused.rate.per_second:g} requests a second")
        return caller

    def _caller(self, scope: Scope) -> Caller:
        """Return whose token it is; an address that sent many bad ones has its unknown ones refused unlooked at."""
        keys = self._keys()
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        known = keys.known(authorization)
        if known is not None:
            return known
        if not authorization:
            return keys.caller(authorization)
        limits = self._limits()
        refused = limits.failures_of(scope)
        if refused is not None:
            raise TooOftenError(refused, "too many tokens from this address were not valid")
        try:
            return keys.caller(authorization)
        except AccessDeniedError:
            limits.count_failure(scope)
            raise
