"""Operators in memory are kept level, filled and scored by threads; what fails is tried again."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from activity_log.clock import utc_now
from serving import following
from serving.following import Following


class Desk:
    """An operator in memory. fails: how many times more it cannot be read."""

    def __init__(self, fails: int = 0):
        self.fails, self.wants_filling, self.filled, self.looked = fails, True, 0, 0
        self.slipping = SimpleNamespace(refresh=lambda now: None)

    def prepare(self, now) -> None:
        """It is at hand at once."""

    def look(self, now, *, ahead) -> None:
        self.looked += 1

    def rank_everybody(self, breather, wanted) -> None:
        """Nobody waits."""

    def fill(self, now, breather) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError
        self.filled += 1
        self.wants_filling = False


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(following, "FILL_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(following.gc, "freeze", lambda: None)


def started(desks: dict[str, Desk]) -> Following:
    found = Following(desks, utc_now)
    found.start(lambda: list(desks.values()))
    return found


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it did not happen within five seconds"
        time.sleep(0.005)


def test_all_is_there_once_everybody_was_read_and_nobody_is_read_twice():
    assert Following({}, utc_now).missing() == ["models and features"]
    desk = Desk()
    follows = started({"nordlicht": desk})
    until(lambda: not follows.missing())
    until(lambda: desk.looked > 5)
    assert desk.filled == 1


def test_who_could_not_be_read_is_missing_and_tried_again():
    desk = Desk(fails=10_000)
    follows = started({"nordlicht": desk})
    until(lambda: desk.fails < 9_998)
    assert follows.missing() == ["customers"]
    desk.fails = 0
    until(lambda: not follows.missing())
    assert desk.filled == 1


def test_requests_are_not_kept_waiting_for_ever(monkeypatch):
    monkeypatch.setattr(following, "WAIT_FOR_GUESTS_SECONDS", 0.05)
    desk = Desk(fails=10_000)
    follows = started({"nordlicht": desk})
    until(lambda: not follows.missing())
    assert desk.filled == 0


def test_an_operator_that_came_later_is_filled_too_and_one_whose_log_was_laid_out_anew_again():
    first, later = Desk(), Desk()
    desks = {"nordlicht": first}
    follows = started(desks)
    until(lambda: not follows.missing())
    desks["elbtal"] = later
    until(lambda: later.filled == 1)
    first.wants_filling = True
    until(lambda: first.filled == 2)
