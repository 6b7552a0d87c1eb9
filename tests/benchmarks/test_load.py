"""The load that the serving benchmark makes, against a small server whose answers are known."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.load import closed, paced, request


@contextmanager
def server(refuse_every: int = 0) -> Iterator[tuple[int, list[bytes]]]:
    """Answer every request, but each so many-th with 503; give the port and the bodies that came."""
    bodies: list[bytes] = []

    async def answer(asked: Request) -> Response:
        bodies.append(await asked.body())
        if refuse_every and len(bodies) % refuse_every == 0:
            return JSONResponse({}, 503, {"Retry-After": "1"})
        return JSONResponse({"said": "x" * 5_000})

    app = Starlette(routes=[Route("/ask", answer, methods=["POST"])])
    config = uvicorn.Config(
        app, port=0, log_level="warning", ws="none", lifespan="off", timeout_graceful_shutdown=1
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        threading.Event().wait(0.02)
    try:
        yield running.servers[0].sockets[0].getsockname()[1], bodies
    finally:
        running.should_exit = True
        thread.join(timeout=5)


ONE, OTHER = (request("/ask", "token", body) for body in (b'{"n": 1}', b'{"n": 2}'))


def test_connections_ask_again_as_soon_as_they_are_answered():
    with server() as (port, bodies):
        outcome = closed(port, [ONE, OTHER], 3, 0.3)
    assert outcome.failed == 0
    assert set(outcome.statuses) == {200}
    assert len(outcome.statuses) == len(bodies) == len(outcome.seconds)
    assert abs(bodies.count(b'{"n": 1}') - bodies.count(b'{"n": 2}')) <= 1
    assert outcome.per_second > 10
    assert 0 < outcome.p(0.5) <= outcome.p(1.0) < 0.3


def test_what_is_refused_is_counted_and_not_taken_for_served():
    with server(refuse_every=4) as (port, _):
        outcome = paced(port, [ONE], per_second=100, seconds=0.4, connections=4)
    assert len(outcome.statuses) == 40
    assert outcome.statuses.count(503) == 10
    assert len(outcome.served()) == 30
    assert (outcome.without_retry_after, outcome.failed) == (0, 0)
    assert 0.35 < outcome.lasted < 5
