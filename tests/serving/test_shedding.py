"""What is refused at once so that the rest is answered in time."""

import asyncio
import signal
from typing import Any

import pytest
from prometheus_client import REGISTRY

from serving.cors import Origins
from serving.shedding import LONGEST_TURN_SECONDS, SOME, Shedding, put_first

SITE = "https://www.nordlicht.example"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Door:
    """An app that answers when it is allowed to, behind its shedding."""

    def __init__(self, most: int = 64, seconds_each: float = 0.0):
        self.may_answer, self.clock, self.seconds_each = asyncio.Event(), Clock(), seconds_each
        self.reads = 0
        origins = Origins({"nordlicht": [SITE]})
        self.app = Shedding(self._answer, lambda: most, lambda: origins, self.clock)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.clock.now += self.seconds_each
        self.reads += 1
        if self.seconds_each == 0 and scope["path"] == "/slow":
            await self.may_answer.wait()
        if scope["path"] == "/fails":
            raise LookupError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(self, path: str = "/slow", origin: str = "") -> tuple[int, dict[bytes, bytes]]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            raise AssertionError("nobody reads a body before the request is let in")

        headers = [(b"origin", origin.encode())] if origin else []
        await self.app({"type": "http", "path": path, "headers": headers}, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"])


def shed(because: str) -> float:
    return REGISTRY.get_sample_value("busflow_http_shed_total", {"because": because}) or 0


def test_one_more_than_are_answered_at_once_is_503_without_anybody_looking_at_it():
    async def story() -> None:
        door, before = Door(most=3), shed("in flight")
        waiting = [asyncio.create_task(door.ask()) for _ in range(3)]
        await asyncio.sleep(0)
        status, headers = await door.ask()
        assert (status, headers[b"retry-after"], door.reads) == (503, b"1", 3)
        assert headers[b"content-type"] == b"application/problem+json"
        assert (headers[b"x-content-type-options"], headers[b"cache-control"]) == (b"nosniff", b"no-store")
        assert shed("in flight") == before + 1
        door.may_answer.set()
        assert {status for status, _ in await asyncio.gather(*waiting)} == {200}
        await asyncio.sleep(0)
        assert (await door.ask())[0] == 200, "there is room again"

    asyncio.run(story())


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_health_and_figures_are_answered_whatever_goes_on(path):
    async def story() -> None:
        door = Door(most=1)
        waiting = asyncio.create_task(door.ask())
        await asyncio.sleep(0)
        assert (await door.ask(path))[0] == 200
        door.may_answer.set()
        await waiting

    asyncio.run(story())


def test_a_failure_gives_its_place_back():
    async def story() -> None:
        door = Door(most=1)
        for _ in range(3):
            with pytest.raises(LookupError):
                await door.ask("/fails")
            await asyncio.sleep(0)

    asyncio.run(story())


def test_what_came_at_once_is_answered_for_as_long_as_a_turn_may_last():
    """Forty requests of two milliseconds each, all there in one turn of the loop: nobody sees them wait."""

    async def story() -> None:
        door, before = Door(seconds_each=0.002), shed("turn")
        answers = await asyncio.gather(*(door.ask() for _ in range(40)))
        served = [status for status, _ in answers].count(200)
        assert served == SOME > LONGEST_TURN_SECONDS // 0.002
        assert shed("turn") == before + 40 - served
        assert (await door.ask())[0] == 200, "the next turn is a new one"

    asyncio.run(story())


def test_a_slow_request_makes_nobody_be_refused_who_came_with_it():
    async def story() -> None:
        door = Door(seconds_each=1.0)
        assert {status for status, _ in await asyncio.gather(*(door.ask() for _ in range(SOME)))} == {200}

    asyncio.run(story())


def test_however_quick_they_are_no_more_than_the_most_are_answered_in_a_turn():
    async def story() -> None:
        door = Door(most=30, seconds_each=1e-6)
        for _ in range(3):
            answers = await asyncio.gather(*(door.ask() for _ in range(100)))
            assert [status for status, _ in answers].count(200) == 30

    asyncio.run(story())


def test_a_widget_can_read_that_it_should_come_back():
    async def story() -> None:
        door = Door(most=1)
        waiting = asyncio.create_task(door.ask())
        await asyncio.sleep(0)
        assert (await door.ask(origin=SITE))[1][b"access-control-allow-origin"] == SITE.encode()
        assert b"access-control-allow-origin" not in (await door.ask(origin="https://x.example"))[1]
        door.may_answer.set()
        await waiting

    asyncio.run(story())


class Config:
    def __init__(self, app: Any):
        self.loaded_app = app


class Server:
    """As uvicorn's: its handler of SIGTERM is a method of what holds the application."""

    def __init__(self, app: Any):
        self.config = Config(app)

    def handle_exit(self, *_: Any) -> None:
        raise AssertionError("nobody sent a signal")


def test_it_is_put_before_the_whole_application_of_the_server():
    server = Server("the application")
    before = signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        assert put_first(lambda app: f"shedding, then {app}")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert server.config.loaded_app == "shedding, then the application"
    assert not put_first(lambda app: app), "no server, as in a test"
