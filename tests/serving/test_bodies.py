"""What may be sent: how much, how slowly, in which encoding."""

import asyncio
from typing import Any

import pytest

from serving import bodies
from serving.bodies import JsonBodies, largest_bytes


class Endpoint:
    """Notes what it is handed."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.content_types: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        self.bodies.append(message["body"])
        self.content_types += [value for name, value in scope["headers"] if name == b"content-type"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def post(endpoint: Endpoint, *chunks: Any, path: str = "/recommend", **headers: str) -> int | None:
    """Send a body in chunks: bytes, seconds of silence, or None for going away. Returns the status, null: none."""
    waiting, sent = list(chunks), []

    async def receive() -> Any:
        while waiting and isinstance(waiting[0], float):
            await asyncio.sleep(waiting.pop(0))
        if not waiting:
            await asyncio.Event().wait()
        chunk = waiting.pop(0)
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw}
    asyncio.run(JsonBodies(endpoint)(scope, receive, send))
    return sent[0]["status"] if sent else None


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def test_a_body_in_pieces_arrives_whole_and_as_json(endpoint):
    assert post(endpoint, b'{"n"', b": 2}", content_type="text/plain") == 200
    assert (endpoint.bodies, endpoint.content_types) == ([b'{"n": 2}'], [b"application/json"])


@pytest.mark.parametrize(
    ("path", "largest"),
    [("/recommend", 65_536), ("/churn_risk", 2**20), ("/recommend/batch", 2**20), ("/events", 2**24),
     ("/crm/session", 65_536)],
)  # fmt: skip
def test_each_path_has_its_bound(path, largest):
    assert largest_bytes(path) == largest


def test_what_says_it_is_too_large_is_not_read(endpoint):
    assert post(endpoint, content_length="65537") == 413
    assert post(endpoint, content_length="65537", path="/crm/session") == 413
    assert post(endpoint, content_length="-1") == 413
    assert endpoint.bodies == []


def test_what_does_not_say_so_is_read_up_to_the_bound(endpoint):
    assert post(endpoint, *[b"x" * 60_000] * 2) == 413
    assert post(endpoint, *[b"x" * 60_000] * 2, path="/churn_risk") == 200


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 415), ("br", 415), ("identity", 200), ("", 200)])
def test_packed_bodies_are_415(endpoint, encoding, status):
    assert post(endpoint, b"{}", content_encoding=encoding) == status


def test_a_body_that_drips_is_408(endpoint, monkeypatch):
    monkeypatch.setattr(bodies, "SECONDS", 0.2)
    assert post(endpoint, b"{", 0.05, b" ", 0.05, b" ", 0.15, b"}") == 408
    assert post(endpoint, b"{") == 200
    assert post(endpoint, b"{", 0.05, b"}") == 200


def test_who_goes_away_in_the_middle_is_not_answered_and_nothing_is_done(endpoint):
    assert post(endpoint, b'[{"id": 1},', None) is None
    assert endpoint.bodies == []
