"""When a process is ready."""

import asyncio
import time

from starlette.exceptions import HTTPException

from serving import health
from serving.health import Readiness


def said(readiness: Readiness) -> str:
    try:
        asyncio.run(readiness.check())
    except HTTPException as error:
        return f"{error.status_code} {error.detail}"
    return "ready"


def test_what_is_missing_is_named_until_it_is_there():
    missing, now = [["the models of nordlicht", "the online store"], []], [0.0]
    readiness = Readiness(lambda: missing.pop(0), lambda: now[0])
    assert said(readiness) == "503 not ready: the models of nordlicht; the online store"
    now[0] += 1
    assert said(readiness) == "ready"


def test_who_asks_often_asks_the_servers_behind_once_a_second():
    asked, now = [], [0.0]
    readiness = Readiness(lambda: asked.append(1) or [], lambda: now[0])
    for _ in range(20):
        assert said(readiness) == "ready"
    assert len(asked) == 1


def test_a_check_that_fails_or_hangs_is_not_ready_and_quotes_nothing(monkeypatch):
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)

    def fail() -> list[str]:
        raise ConnectionError("postgresql://user:secret@host")

    assert said(Readiness(fail)) == "503 not ready: ConnectionError"
    assert said(Readiness(lambda: time.sleep(0.3) or [])) == "503 not ready: no answer within 0.05 seconds"
