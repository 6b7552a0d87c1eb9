"""How often somebody may ask. Time passes when the clock says so."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from serving import limits as limits_module
from serving.access import Caller, TokenKeys
from serving.cors import Origins
from serving.gate import AccessGate
from serving.limits import Limits, Pace, Rate, address_of


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(
    per_second=st.floats(0.1, 1_000),
    burst_seconds=st.floats(0.1, 60),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=300),
)
def test_no_stretch_of_time_lets_more_through_than_burst_and_pace(per_second, burst_seconds, pauses):
    clock, rate = Clock(), Rate("r", per_second, burst_seconds)
    pace, passed = Pace(rate, clock), []
    for pause in pauses:
        clock.now += pause
        if pace.take("a") is None:
            passed.append(clock.now)
    for first, began in enumerate(passed):
        for last, ended in enumerate(passed[first:], start=first):
            assert last - first + 1 <= rate.burst + (ended - began) * per_second + 1e-6


@given(per_second=st.floats(0.1, 1_000), burst_seconds=st.floats(0.1, 60), taken=st.integers(0, 200))
def test_who_waits_as_long_as_told_gets_through(per_second, burst_seconds, taken):
    clock = Clock()
    pace = Pace(Rate("r", per_second, burst_seconds), clock)
    for _ in range(taken):
        pace.take("a")
    refused = pace.take("a")
    if refused is not None:
        clock.now += refused.seconds + 1e-6
        assert pace.take("a") is None


def test_a_burst_then_the_pace_each_key_for_itself():
    clock = Clock()
    pace = Pace(Rate("r", 2, 2), clock)
    assert [pace.take("a") is None for _ in range(6)] == [True] * 4 + [False] * 2
    assert pace.take("b") is None
    clock.now += 0.5
    assert [pace.take("a") is None for _ in range(2)] == [True, False]


def test_what_is_remembered_is_bounded_and_who_owes_most_is_not_forgotten(monkeypatch):
    monkeypatch.setattr(limits_module, "MOST_KEYS", 100)
    pace = Pace(Rate("r", 1, 10), Clock())
    while pace.take("greedy") is None:
        pass
    for visitor in range(1_000):
        pace.take(str(visitor))
        assert len(pace._due) <= 100
    assert pace.take("greedy") is not None


def scope(address: str | None) -> dict[str, Any]:
    return {"type": "http", "client": (address, 1) if address else None}


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("127.0.0.1", ""), ("::1", ""), (None, ""), ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002::/64"), ("a name", "a name"),
    ],
)  # fmt: skip
def test_whose_address_it_is(address, counted):
    assert address_of(scope(address)) == counted


def test_visitors_of_one_page_are_told_apart_by_address_those_with_a_name_by_name():
    limits = Limits(load_settings(visitor_rate_limit=0.1), Clock())
    page, anna = Caller("nordlicht", "widget"), Caller("nordlicht", "widget", "c-anna")
    asked = [
        (page, "203.0.113.1", True), (page, "203.0.113.1", False), (page, "203.0.113.2", True),
        (anna, "203.0.113.1", True), (anna, "203.0.113.3", False),
        (Caller("fremd", "widget"), "203.0.113.1", True), (Caller("nordlicht", "crm"), "203.0.113.1", True),
        (page, "127.0.0.1", True), (page, "127.0.0.1", True),
    ]  # fmt: skip
    for caller, address, passes in asked:
        assert (limits.of_caller(caller, scope(address)) is None) == passes, (caller, address)


def test_a_role_is_limited_per_operator_and_events_are_not_unless_asked_for():
    limits, clock = Limits(load_settings(rate_limits={"crm": 1}), Clock()), scope("127.0.0.1")
    passed = [limits.of_caller(Caller("nordlicht", "crm"), clock) is None for _ in range(3)]
    assert passed == [True, True, False]
    assert limits.of_caller(Caller("fremd", "crm"), clock) is None
    assert all(limits.of_caller(Caller("nordlicht", "ingest"), clock) is None for _ in range(20_000))
    limited = Limits(load_settings(rate_limits={"ingest": 1}), Clock())
    assert [limited.of_caller(Caller("n", "ingest"), clock) is None for _ in range(3)] == [True, True, False]


def test_a_limit_of_nobodys_role_is_named_at_start():
    with pytest.raises(WrongUseError, match="BUSFLOW_RATE_LIMITS: no role 'king'"):
        Limits(load_settings(rate_limits={"king": 1}))


# Through the gate


class Gate:
    """The gate before an app that always answers."""

    def __init__(self, home: Path, **settings: Any):
        self.keys, self.clock = TokenKeys(home), Clock()
        limits, origins = Limits(load_settings(home=home, **settings), self.clock), Origins({})
        self._app = AccessGate(PlainTextResponse("in"), lambda: self.keys, lambda: limits, lambda: origins)

    def ask(
        self, token: str | None, address: str = "203.0.113.1", path: str = "/recommend"
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.post(path, headers=headers)

        return asyncio.run(send())

    def token(self, role: Any = "crm", operator_id: str = "nordlicht") -> str:
        return self.keys.mint(operator_id, role, now=datetime.now(UTC))


def test_too_often_is_429_with_when_to_come_back(tmp_path):
    gate = Gate(tmp_path, rate_limits={"crm": 0.5})
    token = gate.token()
    assert gate.ask(token).status_code == 200
    refused = gate.ask(token)
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"] == "more than 0.5 requests a second"
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["ratelimit-policy"] == '"crm";q=1;w=2'
    assert refused.headers["ratelimit"] == '"crm";r=0;t=2'
    gate.clock.now += 2
    assert gate.ask(token).status_code == 200


def test_many_bad_tokens_are_429_but_lock_out_nobody_else(tmp_path):
    gate = Gate(tmp_path, failed_tokens_per_minute=5)
    known, new = gate.token("crm"), gate.token("analyst", "fremd")
    assert gate.ask(known).status_code == 200
    assert [gate.ask(f"guess-{n}").status_code for n in range(7)] == [401] * 5 + [429] * 2
    assert gate.ask(known).status_code == 200, "known before, from the same address"
    assert gate.ask(new, "203.0.113.2", "/churn_risk").status_code == 200, "new, from another address"
    assert gate.ask(new, path="/churn_risk").status_code == 200, "known by now, and from this address too"
    assert gate.ask(None).status_code == 401, "to show none is no guess"
    gate.clock.now += 60
    assert gate.ask("guess").status_code == 401


def test_a_flood_of_bad_tokens_costs_no_signatures(tmp_path, monkeypatch):
    gate, verified = Gate(tmp_path, failed_tokens_per_minute=3), []
    look = TokenKeys._claims
    monkeypatch.setattr(TokenKeys, "_claims", lambda self, token: verified.append(token) or look(self, token))
    for n in range(50):
        gate.ask(f"guess-{n}")
    assert len(verified) == 3
