"""A small real server: our routes, a recommender that does as its token says, and a host page for the widget."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from serving.crm.routes import crm_routes
from serving.widget.routes import widget_routes

from .story import StoryAccess, StoryDesk
from .tours import recommended

HOST_PAGE = """<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>host</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'">
<link rel="stylesheet" href="/host.css"><script src="/widget.js" defer></script>
<h1>Reisen</h1><busflow-tours {attributes}></busflow-tours>{below}</html>"""
HOST_STYLE = """busflow-tours:not(:defined) { display: block; min-height: 25rem }
@media (max-width: 40rem) { busflow-tours:not(:defined) { min-height: 80rem } }"""  # as widget.js advises
BELOW = "<p>Unser Team sucht die Häuser selbst aus und fährt die Strecken vorher ab.</p>" * 30


@dataclass
class Site:
    """What the server saw, and what it shall answer."""

    desk: StoryDesk = field(default_factory=StoryDesk)
    asked: list[dict[str, Any]] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    mood: str = "well"  # well, empty, broken, slow
    address: str = ""

    def app(self) -> Starlette:
        own = [
            Route("/recommend", self.recommend, methods=["POST"]),
            Route("/feedback", self.take_feedback, methods=["POST"]),
            Route("/host", self.host),
            Route("/host.css", self.host_style),
        ]
        return Starlette(routes=[*crm_routes(self.desk, StoryAccess()), *widget_routes(), *own])

    def reset(self) -> None:
        self.asked.clear()
        self.feedback.clear()
        self.mood = "well"
        self.desk.has_model = self.desk.has_value = self.desk.has_segments = True

    async def recommend(self, request: Request) -> Response:
        language = request.headers["accept-language"]
        self.asked.append(
            {**await request.json(), "language": language, "bearer": request.headers["authorization"]}
        )
        if self.mood == "broken":
            return JSONResponse({"title": "broken"}, status_code=503)
        await asyncio.sleep(0.15)
        while self.mood == "slow":
            await asyncio.sleep(0.05)
        reply = recommended(language, tours=[] if self.mood == "empty" else None)
        return Response(reply.model_dump_json(), media_type="application/json")

    async def take_feedback(self, request: Request) -> Response:
        self.feedback.append(await request.json())
        return Response(status_code=202)

    async def host_style(self, request: Request) -> Response:
        return Response(HOST_STYLE, media_type="text/css")

    async def host(self, request: Request) -> Response:
        query = request.query_params
        return HTMLResponse(
            HOST_PAGE.format(
                lang=query.get("page", "de"), attributes=query.get("attributes", 'token="t"'), below=BELOW
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
