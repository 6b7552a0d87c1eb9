"""Versions of the API: every path answers as it stands, which is the newest version, and below `/v1`."""

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/v1"


class Versioned:
    """Takes the version off the path, so that all behind it (access, routes, figures) knows one spelling of each."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            raw = scope.get("raw_path") or scope["path"].encode()
            scope = {
                **scope,
                "path": scope["path"].removeprefix(PREFIX),
                "raw_path": raw.removeprefix(PREFIX.encode()),
            }
        await self._app(scope, receive, send)
