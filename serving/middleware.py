"""What every request passes: the access gate, the bounds of bodies, and the one error shape (RFC 9457)."""

import json
import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from pydantic import ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import (
    AccessDeniedError,
    TokenKeys,
    bearer,
    check_role,
    current_caller,
    is_public,
    no_such_path,
)
from serving.problems import field_errors
from serving.replies import FieldError, Problem

PROBLEM_JSON = "application/problem+json"
LARGEST_BODY = 16 * 1024 * 1024
RETRY_AFTER_SECONDS = "30"
_HEADERS: Mapping[int, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": RETRY_AFTER_SECONDS},
}
"""What a status tells beside its body."""


def problem(status: int, detail: str = "", errors: Sequence[FieldError] = ()) -> JSONResponse:
    """Return an error reply. errors: the fields at fault, which then are the detail too."""
    detail = detail or "; ".join(f"{error.field}: {error.detail}" for error in errors[:3])
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    told = body.model_dump(exclude={"errors"} if not errors else None)
    return JSONResponse(told, status, _HEADERS.get(status), media_type=PROBLEM_JSON)


class AccessGate:
    """Answers 401 or 403 itself, before anything behind it sees the request; notes the caller otherwise."""

    def __init__(self, app: ASGIApp, keys: Callable[[], TokenKeys]):
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http" or is_public(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            caller = self._keys().verify(bearer(Headers(scope=scope).get("authorization")))
            check_role(caller, scope["path"])
        except AccessDeniedError as denied:
            await problem(denied.status, denied.detail)(scope, receive, send)
            return
        current_caller.set(caller)
        structlog.contextvars.bind_contextvars(operator=caller.operator_id, role=caller.role)
        await self._app(scope, receive, send)


class JsonBodies:
    """Refuses bodies larger than LARGEST_BODY, and takes all others for JSON, however they are labelled.

    A label is easily forgotten (curl and urllib call everything a form), and the framework would read such a body
    as an empty one. The CRM screen's own forms stay forms.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body of one request, and pass both on."""
        if scope["type"] != "http" or scope["method"] != "POST" or is_public(scope["path"]):
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            detail = f"the body is larger than {LARGEST_BODY // 1024 // 1024} MB; send it in parts"
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)(scope, receive, send)
            return
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return unread.pop() if unread else await receive()

        headers = MutableHeaders(raw=list(scope["headers"]))
        headers["content-type"] = "application/json"
        await self._app({**scope, "headers": headers.raw}, receive_again, send)


async def _whole_body(receive: Receive) -> bytes | None:
    """Return the body, None if it is larger than LARGEST_BODY, without keeping more than that."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


class OneErrorShape:
    """Turns the framework's own errors, of several shapes, into problem+json."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and look at the start of its reply."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_foreign_error(message):
                held.append(message)
            elif not held:
                await send(message)
            else:
                held.append(message)
                if not message.get("more_body", False):
                    await _as_problem(held, scope)(scope, receive, send)

        await self._app(scope, receive, watch)


def _is_foreign_error(start: MutableMapping[str, Any]) -> bool:
    content = MutableHeaders(raw=list(start["headers"])).get("content-type", "")
    return start["status"] >= HTTPStatus.BAD_REQUEST and content.startswith(
        ("application/json", "text/plain")
    )


def _as_problem(held: list[Message], scope: Scope) -> Response:
    status, headers = held[0]["status"], Headers(raw=held[0]["headers"])
    path, allowed = scope["path"], headers.get("allow")
    if status == HTTPStatus.METHOD_NOT_ALLOWED and scope["method"] == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allowed or ""})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        reply = problem(status, f"{path} does not take {scope['method']}; use {allowed}")
        reply.headers["Allow"] = allowed or ""
        return reply
    if status == HTTPStatus.NOT_FOUND:
        return problem(status, no_such_path(path))
    return _retold(status, b"".join(message.get("body", b"") for message in held[1:]))


def _retold(status: int, body: bytes) -> JSONResponse:
    """Return what the framework said as a problem."""
    try:
        said = json.loads(body)
    except ValueError:
        return problem(status, body.decode(errors="replace")[:300])
    said = said[0] if isinstance(said, list) and said else said
    if not isinstance(said, dict):
        return problem(status, str(said)[:300])
    if isinstance(said.get("detail"), list):
        return problem(status, errors=field_errors(said["detail"]))
    return problem(status, str(said.get("error", said.get("detail", ""))))


class CallersMistakes(logging.Filter):
    """Keeps wrong request bodies out of the service's log: they may hold personal data, and anybody can send many."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is to be kept."""
        return not (record.exc_info and isinstance(record.exc_info[1], ValidationError))
