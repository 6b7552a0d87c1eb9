"""A small real server: our routes, a recommender that does as its token says, and a host page for the widget."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.crm.routes import crm_routes
from serving.widget.routes import widget_routes

from .story import StoryAccess, StoryDesk
from .tours import long_winded, recommended

HOST_PAGE = """<!doctype html><html lang="{lang}" class="{look}"><meta charset="utf-8"><title>host</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="{csp}">
<link rel="stylesheet" href="/host.css"><script src="{origin}/widget.js" defer></script>
<main><h1>Reisen</h1><h2>Für Sie</h2>{widgets}{below}</main></html>"""
CSP = (
    "default-src 'none'; script-src {origin}; connect-src {origin}; style-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
HOST_STYLE = """body { font-family: sans-serif; }
.dark { color-scheme: dark; background: #11181b; color: #eee; }
busflow-tours { --busflow-card-height: 28.5rem; }
busflow-tours:not(:defined) { display: block; min-height: 28.5rem; }
@media (max-width: 36rem) { busflow-tours:not(:defined) { min-height: 88rem; } }"""  # as docs/widget.md advises
CORS: dict[str, Any] = {  # as serving/service.py has it
    "allow_origins": ["*"],
    "allow_methods": ["POST"],
    "allow_headers": ["authorization", "content-type", "accept-language"],
    "expose_headers": ["retry-after"],
}
BELOW = "<p>Unser Team sucht die Häuser selbst aus und fährt die Strecken vorher ab.</p>" * 30


class SlowPreflights:
    """Lets a browser that asks whether it may tell us something wait, as a far server does."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and scope["path"] == "/feedback":
            await asyncio.sleep(0.4)
        await self._app(scope, receive, send)


@dataclass
class Site:
    """What the server saw, and what it shall answer."""

    desk: StoryDesk = field(default_factory=StoryDesk)
    asked: list[dict[str, Any]] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    mood: str = "well"  # well, empty, broken, slow, silent, long, expired; busy, overloaded: with Retry-After
    address: str = ""

    def app(self) -> Starlette:
        own = [
            Route("/recommend", self.recommend, methods=["POST"]),
            Route("/feedback", self.take_feedback, methods=["POST"]),
            Route("/host", self.host),
            Route("/host.css", self.host_style),
        ]
        routes = [*crm_routes(self.desk, StoryAccess()), *widget_routes(), *own]
        return Starlette(
            routes=routes, middleware=[Middleware(SlowPreflights), Middleware(CORSMiddleware, **CORS)]
        )

    def reset(self) -> None:
        self.asked.clear()
        self.asked_at.clear()
        self.feedback.clear()
        self.mood = "well"
        self.desk.has_model = self.desk.has_value = self.desk.has_segments = True

    async def recommend(self, request: Request) -> Response:
        language = request.headers["accept-language"]
        self.asked_at.append(monotonic())
        self.asked.append(
            {**await request.json(), "language": language, "bearer": request.headers["authorization"]}
        )
        refused = self._refusal(request.headers["authorization"])
        if refused is not None:
            return refused
        await asyncio.sleep(0.15)
        while self.mood == "slow":
            await asyncio.sleep(0.05)
        reply = recommended(language, tours=[] if self.mood == "empty" else None)
        if self.mood == "long":
            reply = reply.model_copy(update={"items": long_winded(reply.items)})
        return Response(reply.model_dump_json(), media_type="application/json")

    def _refusal(self, bearer: str) -> Response | None:
        """Answer as an overloaded or a strict service does; one that is busy is so once."""
        if self.mood == "broken":
            return JSONResponse({"title": "broken"}, 500)
        if self.mood == "overloaded":
            return JSONResponse({"title": "too much"}, 429, {"Retry-After": "90"})
        if self.mood == "busy":
            self.mood = "well"
            return JSONResponse({"title": "busy"}, 503, {"Retry-After": "1"})
        if self.mood == "expired" and bearer != "Bearer fresh":
            return JSONResponse({"title": "the token has expired"}, 401)
        return None

    async def take_feedback(self, request: Request) -> Response:
        self.feedback.append(await request.json())
        return Response(status_code=202)

    async def host_style(self, request: Request) -> Response:
        return Response(HOST_STYLE, media_type="text/css")

    async def host(self, request: Request) -> Response:
        query = request.query_params
        origin, attributes = query.get("origin", ""), query.get("attributes", 'token="t"')
        widget = f"<busflow-tours {attributes}></busflow-tours>"
        return HTMLResponse(
            HOST_PAGE.format(
                lang=query.get("page", "de"),
                look=query.get("look", "light"),
                csp=CSP.format(origin=origin or "'self'"),
                origin=origin,
                widgets=widget * int(query.get("widgets", "1")),
                below=BELOW,
            )
        )


@contextmanager
def running(site: Site) -> Iterator[Site]:
    """Serve `site` on a free port in a thread."""
    config = uvicorn.Config(
        site.app(), port=0, log_level="warning", ws="none", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.02)
    site.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join(timeout=5)
