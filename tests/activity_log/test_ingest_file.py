"""Files of history, taken in whole, in pieces, zipped, as a table and after a kill."""

import gzip
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from activity_log import event_files, schema
from activity_log import ingest_file as ingesting
from activity_log.database import Database
from activity_log.errors import WrongUseError
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import Tally
from tests.activity_log.stories import (
    NOW,
    Books,
    OpenFresh,
    anna_and_bernd,
    logged_ids,
    read_models,
    write_lines,
)


def test_a_file_of_lines(database: Database, books: Books, tmp_path: Path):
    events = anna_and_bernd(books)
    path = write_lines(tmp_path / "events.jsonl", events)
    with path.open("ab") as file:
        file.write(b"\n  \nthis is no event\n")
    read: list[int] = []
    tally = ingest_file(database, path, now=NOW, progress=read.append)
    assert (tally.accepted, tally.discarded, tally.quarantined) == (len(events) - 1, 1, 1)
    assert list(tally.reasons) == ["not JSON: Expecting value: line 1 column 1 (char 0)"]
    assert read == [path.stat().st_size]
    again = ingest_file(database, path, now=NOW)
    assert (again.accepted, again.duplicates) == (0, len(events))


def test_a_zipped_file_of_lines(database: Database, books: Books, tmp_path: Path):
    plain = write_lines(tmp_path / "events.jsonl", anna_and_bernd(books))
    zipped = tmp_path / "events.jsonl.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    assert ingest_file(database, zipped, now=NOW) == Tally(accepted=17, discarded=1)
    assert ingest_file(database, plain, now=NOW) == Tally(duplicates=18)


def test_a_file_brings_history(database: Database, books: Books, tmp_path: Path):
    booking = books.books("anna", "nordsee-26", "2026-05-02") | {"recordedtime": "2026-05-04T00:00:00Z"}
    ingest_file(database, write_lines(tmp_path / "events.jsonl", [booking]), now=NOW)
    with database.reading() as connection:
        recorded = connection.execute(select(schema.event.c.recorded_at)).scalar()
    assert recorded == datetime(2026, 5, 4, tzinfo=UTC)


def test_a_file_for_one_operator_brings_nothing_of_another(database: Database, tmp_path: Path):
    events = [Books(name).knows("anna", "Anna", "Müller") for name in ("reisen", "konkurrenz")]
    path = write_lines(tmp_path / "events.jsonl", events)
    tally = ingest_file(database, path, only_operator="reisen", now=NOW)
    assert (tally.accepted, tally.quarantined) == (1, 1)
    assert logged_ids(database, "konkurrenz") == []


def test_a_missing_file_is_wrong_use(database: Database, tmp_path: Path):
    with pytest.raises(WrongUseError, match=r"nowhere\.jsonl: cannot be read: .*No such file"):
        ingest_file(database, tmp_path / "nowhere.jsonl", now=NOW)


@pytest.mark.parametrize(
    ("how", "problem"), [("cut off", "ended before the end-of-stream"), ("not gzip", "Not a gzipped file")]
)
def test_a_broken_zipped_file_is_wrong_use(
    database: Database, books: Books, tmp_path: Path, how: str, problem: str
):
    path = tmp_path / "events.jsonl.gz"
    plain = write_lines(tmp_path / "events.jsonl", anna_and_bernd(books)).read_bytes()
    path.write_bytes(gzip.compress(plain)[:-20] if how == "cut off" else plain)
    with pytest.raises(WrongUseError, match=rf"events\.jsonl\.gz: cannot be read: .*{problem}"):
        ingest_file(database, path, now=NOW)


def test_a_folder_is_no_file(database: Database, tmp_path: Path):
    with pytest.raises(WrongUseError, match=r"cannot be read: .*Is a directory"):
        ingest_file(database, tmp_path, now=NOW)


@pytest.mark.parametrize("processes", [0, 2])
def test_many_blocks_give_what_one_gives(
    open_fresh: OpenFresh, books: Books, tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
):
    path = write_lines(tmp_path / "events.jsonl", anna_and_bernd(books))
    whole, blocks = open_fresh(), open_fresh()
    one = ingest_file(whole, path, now=NOW)
    monkeypatch.setattr(event_files, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr(ingesting, "TOGETHER", 1)
    read: list[int] = []
    several = ingest_file(blocks, path, now=NOW, progress=read.append, processes=processes)
    assert several == one
    assert len(read) > 5
    assert read == sorted(read)
    assert read[-1] == path.stat().st_size
    assert logged_ids(blocks) == logged_ids(whole)
    assert read_models(blocks) == read_models(whole)
    with blocks.reading() as connection:
        assert connection.execute(select(schema.file_progress)).all() == [], (
            "the note goes with the last block"
        )


KILLED_WHILE_INGESTING = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from activity_log import event_files
from activity_log import ingest_file as ingesting
from activity_log.database import open_database
from activity_log.ingest_file import ingest_file
from activity_log.vault import Vault

event_files.BLOCK_BYTES = 50_000
ingesting.TOGETHER = 1
blocks = []

def die_after_the_third(position):
    blocks.append(position)
    if len(blocks) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

database = open_database(sys.argv[1], Vault(bytes(32)))
ingest_file(database, Path(sys.argv[2]), now=datetime.fromisoformat(sys.argv[3]), progress=die_after_the_third)
"""


def test_after_a_kill_a_second_run_goes_on_behind_the_last_block(
    open_fresh: OpenFresh, books: Books, tmp_path: Path
):
    events = [*anna_and_bernd(books), *(books.books(f"p{n}", "harz-26", "2026-01-05") for n in range(500))]
    path = write_lines(tmp_path / "events.jsonl", events)
    killed, undisturbed = open_fresh(), open_fresh()
    command = [sys.executable, "-c", KILLED_WHILE_INGESTING, str(killed.engine.url), str(path), str(NOW)]
    process = subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
    assert process.returncode == -signal.SIGKILL
    before = len(logged_ids(killed))
    assert 150 < before < len(events) - 1
    second = ingest_file(killed, path, now=NOW)
    assert (second.accepted, second.duplicates) == (len(events) - 1 - before, 0)
    ingest_file(undisturbed, path, now=NOW)
    assert logged_ids(killed) == logged_ids(undisturbed)
    assert read_models(killed) == read_models(undisturbed)
