"""Promotions while requests come in: none fails, none waits for the registry, and what is promoted goes live."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from activity_log.errors import NoModelError
from serving.live_models import LiveModels


class Registry:
    """A registry whose champion is `live`. slow: how long it takes, in seconds; broken: what it raises."""

    def __init__(self, live: str | None):
        self.live, self.slow, self.broken = live, 0.0, ""
        self.asked, self.loaded = 0, 0
        self.kept_here = None

    def version(self, operator_id, task, alias):
        self.asked += 1
        time.sleep(self.slow)
        if self.broken == "version":
            raise ConnectionError("nobody answers")
        return self.live

    def kept(self, operator_id, task, load):
        return self.kept_here

    def load(self, operator_id, task, load, alias="champion"):
        time.sleep(self.slow)
        if self.broken == "load":
            raise OSError("half a file")
        self.loaded += 1
        return SimpleNamespace(version=self.live, model=object())


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it did not happen within five seconds"
        time.sleep(0.005)


def test_a_promotion_goes_live_by_itself_and_is_loaded_once():
    registry = Registry("1")
    live = LiveModels(registry, look_again_seconds=0.01)
    assert live.churn("nordlicht").version == "1"
    registry.live = "2"
    until(lambda: live.churn("nordlicht").version == "2")
    asked = registry.asked
    until(lambda: registry.asked > asked + 3)
    assert registry.loaded == 2
    registry.live = "1"
    until(lambda: live.churn("nordlicht").version == "1")


def test_what_was_asked_for_once_is_at_hand():
    live = LiveModels(Registry("1"))
    assert not live.is_at_hand("churn", "nordlicht")
    live.churn("nordlicht")
    assert live.is_at_hand("churn", "nordlicht")
    assert not live.is_at_hand("value", "nordlicht")


def test_the_first_promotion_goes_live_too():
    registry = Registry(None)
    live = LiveModels(registry, look_again_seconds=0.01)
    for _ in range(3):
        with pytest.raises(NoModelError, match="'nordlicht' has no live value model"):
            live.live("value", "nordlicht")
    registry.live = "1"

    def answers() -> bool:
        try:
            return live.live("value", "nordlicht").version == "1"
        except NoModelError:
            return False

    until(answers)


@pytest.mark.parametrize("broken", ["version", "load"])
def test_while_the_registry_is_broken_the_old_model_answers_and_then_the_new_one(broken: str):
    registry = Registry("1")
    live = LiveModels(registry, look_again_seconds=0.01)
    assert live.recommender("nordlicht").version == "1"
    registry.broken, registry.live = broken, "2"
    asked = registry.asked
    until(lambda: registry.asked > asked + 3)
    assert live.recommender("nordlicht").version == "1"
    registry.broken = ""
    until(lambda: live.recommender("nordlicht").version == "2")


def test_while_the_registry_is_away_from_the_start_there_is_no_model_until_it_is_back():
    registry = Registry("1")
    registry.broken = "load"
    live = LiveModels(registry, look_again_seconds=0.01)
    with pytest.raises(NoModelError):
        live.churn("nordlicht")
    registry.broken = ""
    until(lambda: live.live_or_none("churn", "nordlicht") is not None)
    assert live.churn("nordlicht").version == "1"


def test_a_process_that_starts_while_the_registry_is_away_begins_with_the_champion_it_kept():
    registry = Registry("2")
    registry.broken, registry.kept_here = "version", SimpleNamespace(version="1", model=object())
    live = LiveModels(registry, look_again_seconds=0.01)
    assert live.churn("nordlicht").version == "1"
    registry.broken = ""
    until(lambda: live.churn("nordlicht").version == "2")


def test_a_registry_that_is_away_is_waited_for_once_and_not_for_each_model_that_was_kept():
    registry = Registry("2")
    registry.broken, registry.kept_here = "version", SimpleNamespace(version="1", model=object())
    live = LiveModels(registry, look_again_seconds=60)
    assert [live.churn(one).version for one in ("nordlicht", "fremd", "leer")] == ["1"] * 3
    assert registry.asked == 1
    registry.kept_here = None
    assert live.live_or_none("churn", "neu") is None
    assert registry.asked == 2


def test_requests_that_come_together_load_a_model_once():
    registry = Registry("1")
    registry.slow = 0.05
    live = LiveModels(registry)
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda _: live.churn("nordlicht").version, range(40)))
    assert set(versions) == {"1"}
    assert registry.loaded == 1


def test_under_load_no_request_fails_or_waits_while_models_are_promoted_and_rolled_back():
    registry = Registry("1")
    live = LiveModels(registry, look_again_seconds=0.005)
    live.churn("nordlicht"), live.recommender("nordlicht")
    registry.slow = 0.2  # each look at the registry now takes longer than any request may
    seen: set[str] = set()
    longest, stop = [0.0], threading.Event()

    def ask() -> int:
        count = 0
        while not stop.is_set():
            started = time.thread_time(), time.perf_counter()
            versions = {live.churn("nordlicht").version, live.recommender("nordlicht").version}
            longest[0] = max(longest[0], time.perf_counter() - started[1])
            seen.update(versions)
            count += 1
            time.sleep(0.0005)
        return count

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for version, broken in [("2", ""), ("1", "version"), ("3", "load"), ("2", ""), ("1", "")]:
            registry.live, registry.broken = version, broken
            time.sleep(0.45)
        stop.set()
        assert sum(one.result() for one in asking) > 500
    assert {"1", "2"} <= seen
    assert longest[0] < 0.15, "a request waited for the registry"
