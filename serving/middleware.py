"""What every request passes: the access gate, and the one error shape (RFC 9457)."""

import json
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import AccessDeniedError, TokenKeys, bearer, check_role, current_caller, is_public
from serving.replies import Problem

PROBLEM_JSON = "application/problem+json"


def problem(status: int, detail: str) -> JSONResponse:
    """Return an error reply."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(body.model_dump(), status, headers, media_type=PROBLEM_JSON)


class AccessGate:
    """Answers 401 or 403 itself, before anything behind it sees the request; notes the caller otherwise."""

    def __init__(self, app: ASGIApp, keys: Callable[[], TokenKeys]):
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http" or is_public(scope["path"]) or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        try:
            caller = self._keys().verify(bearer(Headers(scope=scope).get("authorization")))
            check_role(caller, scope["path"])
        except AccessDeniedError as denied:
            await problem(denied.status, denied.detail)(scope, receive, send)
            return
        current_caller.set(caller)
        await self._app(scope, receive, send)


class OneErrorShape:
    """Turns the framework's own JSON errors, of several shapes, into problem+json."""

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
                    await _as_problem(held)(scope, receive, send)

        await self._app(scope, receive, watch)


def _is_foreign_error(start: MutableMapping[str, Any]) -> bool:
    content = MutableHeaders(raw=list(start["headers"])).get("content-type", "")
    return start["status"] >= HTTPStatus.BAD_REQUEST and content.startswith(
        ("application/json", "text/plain")
    )


def _as_problem(held: list[Message]) -> JSONResponse:
    body = b"".join(message.get("body", b"") for message in held[1:])
    return problem(held[0]["status"], _detail(body))


def _detail(body: bytes) -> str:
    """Say in one line what the framework said."""
    try:
        said = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")[:300]
    said = said[0] if isinstance(said, list) and said else said
    if not isinstance(said, dict):
        return str(said)[:300]
    if isinstance(said.get("detail"), list):
        return "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in said["detail"][:3]
        )
    return str(said.get("error", said.get("detail", "")))
