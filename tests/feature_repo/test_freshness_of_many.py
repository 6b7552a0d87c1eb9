"""Following many operators: what fails for one, or for a while, stops nobody for longer than it lasts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy.exc import OperationalError

from activity_log.database import Database, open_database
from activity_log.operators import register_operator
from feature_repo.freshness import following as loops
from feature_repo.freshness.following import Following, NotFollowedError
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import KEY, Books, anna_and_bernd, send
from tests.activity_log.stories import NOW as SENT
from tests.feature_repo.online_fakes import FakeStore, StoreAwayError
from tests.feature_repo.test_recomputing import recomputing

SECONDS = timedelta(seconds=1)


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Database]:
    """A log in each of the stores, with the operators `reisen` and `konkurrenz`; the story of the first is in it."""
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as opened:
        send(opened, *anna_and_bernd(Books()))
        yield opened


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def following(database: Database, store: FakeStore, said: list[str]) -> Following:
    """A second passes each time somebody looks at the clock."""
    seconds = count()

    def clock() -> datetime:
        return SENT + next(seconds) * SECONDS

    return Following(database, store, clock, said.append, chance=Random(1), _recomputing=recomputing())


def refusing(operator_id: str) -> Callable[[pa.Table], None]:
    def refuse(rows: pa.Table) -> None:
        if operator_id in rows["operator_id"].to_pylist():
            raise StoreAwayError("no room\nat all")

    return refuse


def test_all_operators_are_caught_up_with(following: Following, store: FakeStore, database: Database):
    send(database, *anna_and_bernd(Books("konkurrenz")))
    following.catch_up()
    assert len(store.states("reisen")) == len(store.states("konkurrenz")) == 3
    assert not set(store.states("reisen")) & set(store.states("konkurrenz"))


def test_an_operator_registered_meanwhile_is_followed_too(
    following: Following, store: FakeStore, database: Database
):
    following.catch_up()
    register_operator(database, "neu", now=SENT, pseudonym_key=KEY)
    send(database, *anna_and_bernd(Books("neu")))
    following.catch_up()
    assert len(store.states("neu")) == 3


def test_one_operator_that_fails_stops_nobody_else_and_is_told_once(
    following: Following, store: FakeStore, database: Database, said: list[str]
):
    send(database, *anna_and_bernd(Books("konkurrenz")))
    store.before_push = refusing("konkurrenz")
    for _ in range(2):
        with pytest.raises(NotFollowedError, match=r"^konkurrenz: no room$"):
            following.catch_up()
    assert len(store.states("reisen")) == 3
    for _ in range(40):
        following._round()
    assert following.tally.failures > 2
    assert said == ["konkurrenz: no room; the online features wait, trying again"]
    store.before_push = lambda _: None
    for _ in range(40):
        following._round()
    assert len(store.states("konkurrenz")) == 3
    assert said[1:] == ["konkurrenz: going on"]


def test_how_far_behind_is_told_until_it_is_not(
    following: Following, said: list[str], database: Database, monkeypatch: pytest.MonkeyPatch
):
    following.catch_up()
    monkeypatch.setattr("feature_repo.freshness.follower.EVENTS_AT_ONCE", 5)
    books = Books()
    send(database, *(books.books("anna", f"harz-{number}", "2026-05-30") for number in range(12)))
    following.catch_up()
    assert said[0].startswith("reisen: the online features are 7 events behind, ")
    assert said[-1] == "reisen: the online features are level with the log"


def test_it_follows_until_it_is_told_to_stop_and_a_database_away_is_waited_for(
    following: Following,
    store: FakeStore,
    database: Database,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(loops, "AWAY_SECONDS", 0.01)
    look, looks = following._look, count()

    def sometimes_away() -> None:
        if next(looks) < 2:
            raise OperationalError("SELECT", {}, Exception("gone"))
        look()

    monkeypatch.setattr(following, "_look", sometimes_away)
    running = threading.Thread(target=following.run)
    running.start()
    try:
        send(database, Books().knows("dora", "Dora", "Dahl"))
        wait_until(lambda: len(store.states("reisen")) == 4)
    finally:
        following.stopping.set()
        running.join(30)
    assert not running.is_alive()
    assert said == ["the database does not answer, trying again: gone"]


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came")
