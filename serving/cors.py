"""Which other sites' pages may ask, and read the answers: those an operator lists, for its own tokens only."""

from collections.abc import Callable, Mapping, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import Caller
from serving.middleware import problem
from serving.reply_headers import RawHeaders

ANY = "*"
_VARY = (b"vary", b"Origin")
_EXPOSED = (b"access-control-expose-headers", b"Retry-After, RateLimit, X-Request-ID")
_PREFLIGHT: RawHeaders = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, accept-language, x-request-id"),
    (b"access-control-max-age", b"600"),
    (b"vary", b"Access-Control-Request-Method, Access-Control-Request-Headers"),
)


class Origins:
    """The sites of each operator, as BUSFLOW_ORIGINS lists them; "*" is any."""

    def __init__(self, by_operator: Mapping[str, Sequence[str]]):
        self._by_operator = {
            operator_id: frozenset(origin.encode() for origin in origins)
            for operator_id, origins in by_operator.items()
        }
        self._all = frozenset[bytes]().union(*self._by_operator.values())

    def allow(self, origin: bytes, operator_id: str | None) -> bool:
        """Say whether a page of this origin may read answers to this operator's tokens; null: to anybody's."""
        listed = self._all if operator_id is None else self._by_operator.get(operator_id, frozenset())
        return origin in listed or ANY.encode() in listed

    def readable(self, origin: bytes | None, operator_id: str | None) -> RawHeaders:
        """Return the headers that let a page of this origin read the reply, if it may."""
        if origin is None:
            return ()
        if not self.allow(origin, operator_id):
            return (_VARY,)
        return ((b"access-control-allow-origin", origin), _EXPOSED, _VARY)


def origin_of(scope: Scope) -> bytes | None:
    """Return the Origin of a request from another site's page; null for our own pages and for programs."""
    origin = host = None
    for name, value in scope["headers"]:
        if name == b"origin":
            origin = value
        elif name == b"host":
            host = value
    if origin is None or origin.partition(b"://")[2] == host:
        return None
    return bytes(origin)


def refuses(origins: Origins, caller: Caller, origin: bytes | None) -> str:
    """Say why a widget on this site gets no answer; empty if it does."""
    if origin is None or caller.role != "widget" or origins.allow(origin, caller.operator_id):
        return ""
    return f"widgets of '{caller.operator_id}' may not ask from this site: list its origin in BUSFLOW_ORIGINS"


class Cors:
    """Answers a browser's preflight, and marks replies that pages of other sites may read.

    The access gate says whose token came by `scope["busflow.caller"]`; until then any operator's site may read, so
    that a widget can tell what was wrong with its token.
    """

    def __init__(self, app: ASGIApp, origins: Callable[[], Origins]):
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer its preflight."""
        if scope["type"] != "http" or (origin := origin_of(scope)) is None:
            await self._app(scope, receive, send)
            return
        origins = self._origins()
        if scope["method"] == "OPTIONS" and _asks_first(scope):
            await _preflight(origins, origin)(scope, receive, send)
            return

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start" and not _is_for_everybody(message):
                caller: Caller | None = scope.get("busflow.caller")
                marks = origins.readable(origin, caller.operator_id if caller else None)
                message = {**message, "headers": [*message["headers"], *marks]}
            await send(message)

        await self._app(scope, receive, mark)


def _preflight(origins: Origins, origin: bytes) -> Response:
    """Answer what a browser asks before a request: no operator is known yet, so that any one's site will do."""
    if not origins.allow(origin, None):
        return problem(403, "no operator lists this site: its origin belongs into BUSFLOW_ORIGINS")
    reply = Response(status_code=204)
    reply.raw_headers = [*_PREFLIGHT, *origins.readable(origin, None)]
    return reply


def _asks_first(scope: Scope) -> bool:
    return any(name == b"access-control-request-method" for name, _ in scope["headers"])


def _is_for_everybody(start: Message) -> bool:
    """Say whether a reply lets every site read it by itself, as the widget's script does."""
    return any(name == b"access-control-allow-origin" for name, _ in start["headers"])
