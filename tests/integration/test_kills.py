"""Killed in the middle, cut off, out of room: the log holds whole batches, and going on ends like a clean pass."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from random import Random

import psycopg
import pytest
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from activity_log import database as databases
from activity_log import schema
from activity_log.database import POSTGRESQL, SQLITE, Database, open_database, open_log
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import ingest_events
from activity_log.operators import find_operator, register_operator
from activity_log.replaying import replay
from activity_log.settings import load_settings
from simulator import SimulationSpec, simulate
from tests.activity_log.dumps import dump
from tests.activity_log.end_state import end_state
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import KEY, NOW
from tests.integration.killed import INGEST_EVENTS, INGEST_FILE, REPLAY, killed

ROUNDS = 4


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of a small operator, as a file of lines."""
    simulation = simulate(SimulationSpec(customers=60, years=2, until=date(2026, 6, 1)))
    path = tmp_path_factory.mktemp("history") / "events.jsonl"
    path.write_text("".join(json.dumps(one | {"operatorid": "reisen"}) + "\n" for one in simulation.events))
    return path


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield database


@pytest.fixture(scope="module")
def undisturbed(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with (
        fresh_log(SQLITE, tmp_path_factory.mktemp("undisturbed")) as url,
        closing(open_database(url, VAULT)) as database,
    ):
        ingest_file(database, history, now=NOW)
        yield database


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def number_of_events(database: Database) -> int:
    with database.reading() as connection:
        return len(connection.execute(select(schema.event.c.seq)).all())


@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_killed_again_and_again_goes_on_where_it_stopped(
    log: Database, undisturbed: Database, history: Path, seed: int
):
    chance, before = Random(seed), 0
    for _ in range(ROUNDS):
        killed(INGEST_FILE, url_of(log), str(NOW), str(history), chance=chance, steps=1)
        assert number_of_events(log) >= before
        before = number_of_events(log)
    with log.reading() as connection:
        noted = connection.execute(select(schema.file_progress.c.position)).scalar() or 0
    rest = ingest_file(log, history, now=NOW)
    assert rest.accepted + rest.duplicates + rest.discarded == history.read_bytes()[noted:].count(b"\n")
    assert end_state(log) == end_state(undisturbed)


@pytest.mark.parametrize("seed", [3, 4])
def test_a_consumer_killed_again_and_again_doubles_nothing(
    log: Database, undisturbed: Database, history: Path, seed: int
):
    chance = Random(seed)
    for _ in range(ROUNDS):
        killed(INGEST_EVENTS, url_of(log), str(NOW), str(history), chance=chance, steps=6)
    ingest_events(log, history.read_bytes().splitlines(), now=NOW, keep_recorded_time=True)
    assert end_state(log) == end_state(undisturbed)


def test_two_who_are_killed_while_they_write_the_same(log: Database, undisturbed: Database, history: Path):
    def kill_one(seed: int) -> None:
        for _ in range(2):
            killed(INGEST_EVENTS, url_of(log), str(NOW), str(history), chance=Random(seed), steps=6)

    threads = [threading.Thread(target=kill_one, args=(seed,)) for seed in (5, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ingest_file(log, history, now=NOW)
    assert end_state(log) == end_state(undisturbed)


def test_a_replay_killed_in_the_middle_leaves_what_was(log: Database, history: Path):
    ingest_file(log, history, now=NOW)
    before, chance, was_at_it = dump(log), Random(7), []
    for _ in range(ROUNDS):
        was_at_it.append(killed(REPLAY, url_of(log), str(NOW), chance=chance, steps=4))
        assert dump(log) == before
    assert any(was_at_it)
    with log.writing() as connection:
        replay(connection, find_operator(log, "reisen"))
    assert dump(log) == before


# PostgreSQL cuts the line


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Database]:
    with fresh_log(POSTGRESQL, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield database


def test_a_connection_cut_in_the_middle_is_an_error_and_the_next_try_completes(
    postgresql: Database, undisturbed: Database, history: Path, tmp_path: Path
):
    """Cut after one statement more each time, until a batch comes through: so each of its steps is hit once."""
    raws = history.read_bytes().splitlines()
    killer, cuts, left = create_engine(postgresql.engine.url, isolation_level="AUTOCOMMIT"), 0, [0]

    @event.listens_for(postgresql.engine, "before_cursor_execute")
    def cut(connection, *_):
        left[0] -= 1
        if left[0] == 0:
            process_id = connection.connection.driver_connection.info.backend_pid
            with killer.connect() as other:
                other.execute(text(f"SELECT pg_terminate_backend({process_id}, 5000)"))

    while True:
        left[0] = cuts + 1
        try:
            ingest_events(postgresql, raws[:300], now=NOW, keep_recorded_time=True)
            break
        except (DBAPIError, psycopg.OperationalError):
            cuts += 1
            left[0] = 0
            assert number_of_events(postgresql) == 0
    assert cuts > 10
    event.remove(postgresql.engine, "before_cursor_execute", cut)
    killer.dispose()
    ingest_file(postgresql, history, now=NOW)
    assert end_state(postgresql) == end_state(undisturbed)


# SQLite waits, and runs out of room


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.05)
    with fresh_log(SQLITE, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield database


def test_a_log_that_another_holds_is_one_error_and_nothing_is_written(sqlite: Database, history: Path):
    raws = history.read_bytes().splitlines()[:50]
    with closing(open_database(url_of(sqlite), VAULT)) as another:
        with another.writing(), pytest.raises(OperationalError, match="database is locked"):
            ingest_events(sqlite, raws, now=NOW, keep_recorded_time=True)
        assert number_of_events(another) == 0
    assert ingest_events(sqlite, raws, now=NOW, keep_recorded_time=True).accepted > 0


def test_a_full_disk_is_one_error_and_nothing_is_half_written(
    sqlite: Database, undisturbed: Database, history: Path
):
    raws = history.read_bytes().splitlines()
    ingest_events(sqlite, raws[:200], now=NOW, keep_recorded_time=True)
    before = end_state(sqlite)
    with sqlite.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    @event.listens_for(sqlite.engine, "begin")
    def no_more_room(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")

    with pytest.raises((DBAPIError, sqlite3.Error), match="full"):
        ingest_events(sqlite, raws, now=NOW, keep_recorded_time=True)
    event.remove(sqlite.engine, "begin", no_more_room)
    sqlite.close()  # the limit was the connection's
    assert end_state(sqlite) == before
    ingest_file(sqlite, history, now=NOW)
    assert end_state(sqlite) == end_state(undisturbed)


def test_a_command_that_runs_out_of_room_says_so_in_one_line(
    undisturbed: Database, history: Path, tmp_path: Path
):
    """The files of this process may grow to 500 kB, as if the disk were full."""
    with closing(open_log(load_settings(home=tmp_path))) as database:
        register_operator(database, "reisen", now=NOW, pseudonym_key=KEY)
        busflow = "from busflow.cli import main; main()"
        command = [sys.executable, "-c", busflow, "ingest", str(history), "--json"]
        environment = os.environ | {"BUSFLOW_HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
        limited = subprocess.run(
            ["bash", "-c", 'ulimit -f 500; exec "$@"', "-", *command],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (limited.returncode, limited.stdout) == (1, "")
        assert limited.stderr.splitlines()[-1].startswith("busflow: the database: ")
        assert "Traceback" not in limited.stderr
        assert number_of_events(database) == 0
        assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
        assert number_of_events(database) == number_of_events(undisturbed)
