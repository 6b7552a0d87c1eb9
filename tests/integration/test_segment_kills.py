"""A refresh of segments that is killed, or fails at any statement, loses no message and writes none twice."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, select

from activity_log.database import Database, open_database
from activity_log.ingestion import ingest_events
from activity_log.outbox import tables as outbox
from activity_log.segments import tables
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import NOW, Books
from tests.integration.killed import killed
from tests.integration.segment_story import refresh_all

ROUNDS = 2
PEOPLE = 120

REFRESH = """
from tests.integration.segment_story import refresh_all
refresh_all(database, now, tell)
"""


class LostPowerError(Exception):
    """Stands for whatever ends a process between two statements."""


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        _introduce(database)
        yield database


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with (
        fresh_log("sqlite", tmp_path_factory.mktemp("undisturbed")) as url,
        closing(open_database(url, VAULT)) as database,
    ):
        _introduce(database)
        refresh_all(database, NOW)
        return kept(database)


def _introduce(database: Database) -> None:
    books = Books()
    profiles = [books.knows(f"p-{n}", "Anna", "Arndt", locale="de-DE", marketing_consent=n % 3 == 0)
                for n in range(PEOPLE)]  # fmt: skip
    ingest_events(database, [json.dumps(one).encode() for one in profiles], now=NOW, keep_recorded_time=True)


def kept(database: Database) -> dict[str, Any]:
    """All memberships and refreshes, and every message in the order it was written."""
    with database.reading() as connection:
        rows = {
            table.name: sorted(tuple(row) for row in connection.execute(select(table)))
            for table in (tables.segment_refresh, tables.segment, tables.segment_version)
        }
        ended = [tuple(row) for row in connection.execute(select(tables.segment_membership))]
        told = select(outbox.message.c.message_id, outbox.message.c.data).order_by(outbox.message.c.position)
        messages = [tuple(row) for row in connection.execute(told)]
    return rows | {"memberships": sorted(ended, key=repr), "messages": messages}


def test_a_refresh_killed_again_and_again_ends_like_one_that_was_not(
    log: Database, undisturbed: dict[str, Any]
):
    url, chance, were_at_it = log.engine.url.render_as_string(hide_password=False), Random(2), []
    for _ in range(ROUNDS):
        were_at_it.append(killed(REFRESH, url, str(NOW), chance=chance, steps=2))
        told = kept(log)["messages"]
        assert told == undisturbed["messages"][: len(told)]
    assert any(were_at_it)
    refresh_all(log, NOW)
    assert kept(log) == undisturbed


def test_a_refresh_that_fails_at_any_statement_has_done_nothing(log: Database, undisturbed: dict[str, Any]):
    left, failures = [0], 0

    @event.listens_for(log.engine, "before_cursor_execute")
    def fail(*_):
        left[0] -= 1
        if left[0] == 0:
            raise LostPowerError

    while True:
        left[0] = failures + 1
        try:
            refresh_all(log, NOW)
            break
        except LostPowerError:
            failures += 1
            left[0] = 0
            told = kept(log)["messages"]
            assert told == undisturbed["messages"][: len(told)]
    event.remove(log.engine, "before_cursor_execute", fail)
    assert failures > 20
    assert kept(log) == undisturbed
