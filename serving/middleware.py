"""The one error shape (RFC 9457), for our own errors and the framework's."""

import json
import logging
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import no_such_path
from serving.replies import FieldError, Problem

RETRY_AFTER_SECONDS = "30"
PROBLEM_JSON = "application/problem+json"
_ERROR = 400
MOST_FIELDS = 10
"""So many fields of one request are named."""

_HEADERS: Mapping[int, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": RETRY_AFTER_SECONDS},
}
"""What a status tells beside its body."""


def problem(
    status: int,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
) -> JSONResponse:
    """Return an error reply. errors: the fields at fault, which then are the detail too."""
    detail = detail or "; ".join(f"{error.field}: {error.detail}" for error in errors[:3])
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    told = body.model_dump(exclude={"errors"} if not errors else None)
    headers = {**_HEADERS.get(status, {}), **(headers or {})}
    return JSONResponse(told, status, headers, media_type=PROBLEM_JSON)


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
            if (
                message["type"] == "http.response.start"
                and message["status"] >= _ERROR
                and _is_foreign(message)
            ):
                held.append(message)
            elif not held:
                await send(message)
            else:
                held.append(message)
                if not message.get("more_body", False):
                    await _as_problem(held, scope)(scope, receive, send)

        await self._app(scope, receive, watch)


def _is_foreign(start: MutableMapping[str, Any]) -> bool:
    content = Headers(raw=list(start["headers"])).get("content-type", "")
    return content.startswith(("application/json", "text/plain"))


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


def field_errors(found: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Return what pydantic says of fields (`loc`, `msg`), ten at most; what names none is of the body as a whole."""
    errors = [
        FieldError(
            field=".".join(map(str, one["loc"])) or "body",
            detail=str(one["msg"]).removeprefix("Value error, "),
        )
        for one in found
    ]
    return errors[:MOST_FIELDS]
