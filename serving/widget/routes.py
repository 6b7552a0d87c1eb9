"""The widget's script for any site, and a demo page like a coach operator's own."""

import gzip
import json
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
DEMO = HERE / "demo"
SOURCE = HERE / "source"
SCRIPTS = ("texts.js", "scenes.js", "service.js", "sight.js", "element.js")
"""The widget's sources, each after those it needs."""

_ABOUT = """/*
 * <busflow-tours>: tours a visitor can really book, each with a true reason. One script tag, no framework.
 *
 *   <script src="https://ci.example/widget.js" defer></script>
 *   <busflow-tours token="…" link="/reisen/{tour_id}?termin={departure_id}"></busflow-tours>
 *
 * Attributes, CSS variables, events and tokens: docs/widget.md
 */
"""
_ORIGIN = "new URL(document.currentScript?.src ?? location.href).origin"

SCRIPT_HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}
DEMO_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Script(NamedTuple):
    """The widget as it is sent: plain and gzipped, each with the tag of its content."""

    plain: bytes
    zipped: bytes
    tag: str


def widget_routes() -> list[BaseRoute]:
    """Return the public routes: `/widget.js`, `/widget/demo` and the demo's static files."""
    return [
        Route("/widget.js", partial(_script, script=load_script())),
        Route("/widget/demo", _demo),
        Mount("/widget/static", StaticFiles(directory=DEMO)),
    ]


def load_script() -> Script:
    """Make one script of the widget's sources and its style sheet, and compress it once."""
    plain = _joined().encode()
    return Script(plain, gzip.compress(plain, mtime=0), sha256(plain).hexdigest()[:20])


def _joined() -> str:
    texts = {path.name: path.read_text(encoding="utf-8") for path in SOURCE.iterdir()}
    constants = (
        f"const ORIGIN = {_ORIGIN};\nconst CSS = {json.dumps(texts['looks.css'], ensure_ascii=False)};"
    )
    parts = [constants, *(texts[name].strip() for name in SCRIPTS)]
    return f'{_ABOUT}(() => {{\n"use strict";\n' + "\n\n".join(parts) + "\n})();\n"


async def _script(request: Request, script: Script) -> Response:
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    # the two forms differ byte by byte, so they carry different tags
    tag = f'"{script.tag}-gzip"' if zipped else f'"{script.tag}"'
    headers = {**SCRIPT_HEADERS, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if zipped:
        return Response(script.zipped, headers={**headers, "Content-Encoding": "gzip"})
    return Response(script.plain, headers=headers)


async def _demo(_request: Request) -> Response:
    return FileResponse(DEMO / "demo.html", headers=DEMO_HEADERS)
