"""Which sites' pages may ask: Nordlicht lists its own, Fremd another; nobody else does."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from serving.access import TokenKeys
from serving.cors import Cors, Origins
from serving.gate import AccessGate
from serving.limits import Limits

NORDLICHT, FREMD, NOBODYS = "https://www.nordlicht.example", "https://fremd.example", "https://evil.example"
ORIGINS = {"nordlicht": [NORDLICHT, "http://localhost:8080"], "fremd": [FREMD]}


class Door:
    """CORS and the gate before an app that always answers."""

    def __init__(self, home: Path, origins: Any = ORIGINS):
        self.keys, limits, listed = TokenKeys(home), Limits(load_settings(home=home)), Origins(origins)
        gate = AccessGate(PlainTextResponse("in"), lambda: self.keys, lambda: limits, lambda: listed)
        self._app = Cors(gate, lambda: listed)

    def ask(
        self, origin: str | None, role: Any = "widget", operator_id: str = "nordlicht", **more: str
    ) -> httpx.Response:
        headers = {"Origin": origin} if origin else {}
        if role:
            headers["Authorization"] = "Bearer " + self.keys.mint(operator_id, role, now=datetime.now(UTC))
        return self.send("POST", headers | more)

    def send(self, method: str, headers: dict[str, str]) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="https://api.example:8443") as client:
                return await client.request(method, "/recommend", headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def reader(answer: httpx.Response) -> str | None:
    """Whose pages may read an answer."""
    return answer.headers.get("access-control-allow-origin")


@pytest.mark.parametrize(
    ("operator_id", "role", "origin", "status", "read_by"),
    [
        ("nordlicht", "widget", NORDLICHT, 200, NORDLICHT),
        ("nordlicht", "widget", "http://localhost:8080", 200, "http://localhost:8080"),
        ("nordlicht", "widget", FREMD, 403, None),
        ("nordlicht", "widget", NOBODYS, 403, None),
        ("nordlicht", "widget", "null", 403, None),
        ("nordlicht", "widget", NORDLICHT.replace("https", "http"), 403, None),
        ("nordlicht", "widget", NORDLICHT + ".evil.example", 403, None),
        ("fremd", "widget", FREMD, 200, FREMD),
        ("nordlicht", "crm", FREMD, 200, None),
        ("nordlicht", "crm", NORDLICHT, 200, NORDLICHT),
    ],
)
def test_pages_read_answers_to_tokens_of_their_own_operator(door, operator_id, role, origin, status, read_by):
    answer = door.ask(origin, role, operator_id)
    assert (answer.status_code, reader(answer)) == (status, read_by)
    assert answer.headers["vary"] == "Origin"
    assert ("BUSFLOW_ORIGINS" in answer.text) == (status == 403)


@pytest.mark.parametrize("origin", [None, "https://api.example:8443"])
def test_programs_and_our_own_pages_are_not_other_sites(door, origin):
    answer = door.ask(origin)
    assert (answer.status_code, reader(answer)) == (200, None)


def test_a_listed_site_can_read_that_the_token_is_bad(door):
    for origin, read_by in ((NORDLICHT, NORDLICHT), (NOBODYS, None)):
        answer = door.ask(origin, role=None, Authorization="Bearer x")
        assert (answer.status_code, reader(answer)) == (401, read_by)


def test_a_preflight_is_answered_before_any_token(door):
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = door.send("OPTIONS", asks | {"Origin": FREMD})
    assert (answer.status_code, reader(answer), answer.text) == (204, FREMD, "")
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "Origin" in ", ".join(answer.headers.get_list("vary"))
    refused = door.send("OPTIONS", asks | {"Origin": NOBODYS})
    assert (refused.status_code, reader(refused)) == (403, None)
    assert door.send("OPTIONS", {"Origin": FREMD}).status_code == 401, (
        "asks for nothing: a request like any other"
    )


def test_any_site_only_where_an_operator_says_so(tmp_path):
    door = Door(tmp_path, {"nordlicht": ["*"]})
    assert reader(door.ask(NOBODYS)) == NOBODYS
    assert door.ask(NOBODYS, operator_id="fremd").status_code == 403


@pytest.mark.parametrize(
    "origin", ["www.nordlicht.example", "https://a.example/", "https://A.example", "https://*.a", ""]
)
def test_what_is_no_origin_is_named_at_start(origin):
    with pytest.raises(WrongUseError, match="BUSFLOW_ORIGINS"):
        load_settings(origins={"nordlicht": [origin]})
