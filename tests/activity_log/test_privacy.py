"""Anna asks to be forgotten, and books again the year after."""

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import select

from activity_log import ledger, schema
from activity_log.database import Database, open_database
from activity_log.ingestion import ingest_events
from activity_log.operators import find_operator
from activity_log.replaying import replay
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import NOW, Books, Event

BOOKS = Books()
ASKS = BOOKS.event("PersonErasureRequested", "2024-06-01", {"person_profile_id": "anna"})
BEFORE = BOOKS.knows("anna", "Anna", "Müller", "2020-01-01", email="anna@example.org")
BOOKED = BOOKS.books("anna", "nordsee-24", "2024-05-02", "bernd")
GAVE_UP = BOOKS.cancels("anna", "nordsee-24", "2024-05-02", "2024-05-09")
GAVE_UP["data"]["reason"] = "Annas Mutter ist krank"
AFTER = BOOKS.knows("anna", "Anna", "Schmidt", "2025-02-01", email="schmidt@example.org")


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield database


def send(log: Database, *events: Event) -> None:
    for event in events:
        assert ingest_events(log, [json.dumps(event).encode()], now=NOW).accepted == 1


def profiles(log: Database) -> list[tuple[str, str]]:
    table = schema.person_profile.c
    with log.reading() as connection:
        return [tuple(row) for row in connection.execute(select(table.person_profile_id, table.family_name))]


def events(log: Database) -> dict[str, ledger.LoggedEvent]:
    with log.reading() as connection:
        return {event.event_id: event for chunk in ledger.read(connection, "reisen") for event in chunk}


def test_the_name_goes_and_what_happened_stays(log: Database) -> None:
    send(log, BEFORE, BOOKED, GAVE_UP)
    assert profiles(log) == [("anna", "Müller")]
    assert events(log)[GAVE_UP["id"]].payload.reason == "Annas Mutter ist krank"
    send(log, ASKS)
    assert profiles(log) == []
    known = events(log)
    assert known[BEFORE["id"]].erased
    assert known[BEFORE["id"]].payload.family_name == ""
    assert known[GAVE_UP["id"]].payload.reason is None
    assert known[BOOKED["id"]].payload.total_amount == 499
    with log.reading() as connection:
        key = connection.execute(select(schema.person_key)).one()
    assert (key.key_id, key.wrapped) == (None, None)


def test_who_comes_back_begins_anew(log: Database) -> None:
    send(log, BEFORE, ASKS, AFTER)
    assert profiles(log) == [("anna", "Schmidt")]
    assert [events(log)[event["id"]].erased for event in (BEFORE, ASKS, AFTER)] == [True, False, False]


@pytest.mark.parametrize("order", list(permutations((BEFORE, GAVE_UP, ASKS, AFTER)))[::5])
def test_whatever_comes_first_the_same_is_forgotten(order: tuple[Event, ...], log: Database) -> None:
    send(log, *order)
    known = events(log)
    assert {event["id"]: known[event["id"]].erased for event in order} == {
        BEFORE["id"]: True,
        GAVE_UP["id"]: True,
        ASKS["id"]: False,
        AFTER["id"]: False,
    }
    assert profiles(log) == [("anna", "Schmidt")]


def test_a_replay_brings_nothing_back(log: Database) -> None:
    send(log, BEFORE, BOOKED, ASKS)
    with log.writing() as connection:
        replay(connection, find_operator(log, "reisen"))
    assert profiles(log) == []


def test_forgetting_one_operators_customer_is_not_forgetting_anothers(log: Database) -> None:
    theirs = Books("konkurrenz").knows("anna", "Anna", "Ahrens")
    send(log, BEFORE, theirs, ASKS)
    assert profiles(log) == [("anna", "Ahrens")]


def test_a_replay_leaves_the_other_operator_alone(log: Database) -> None:
    send(log, Books("konkurrenz").knows("anna", "Anna", "Ahrens"))
    with log.writing() as connection:
        replay(connection, find_operator(log, "reisen"))
    assert profiles(log) == [("anna", "Ahrens")]
