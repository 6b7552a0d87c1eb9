import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from activity_log import ingestion, reading, schema
from activity_log.database import Database
from activity_log.errors import WrongUseError
from activity_log.gate import Gate
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import Receipt, ingest
from activity_log.operators import Operator
from tests.activity_log.stories import (
    NOW,
    Books,
    OpenFresh,
    anna_and_bernd,
    logged_ids,
    read_models,
    send,
    write_lines,
)


def counted(database: Database, table_name: str) -> int:
    with database.reading() as connection:
        table = schema.metadata.tables[table_name]
        return connection.execute(select(func.count()).select_from(table)).scalar() or 0


# Identity anchor


def test_events_of_an_unknown_person_wait_and_count_when_the_profile_arrives(
    database: Database, reisen: Operator, books: Books
):
    anna = reisen.pseudonym("anna")
    booking = books.books("anna", "nordsee-26", "2026-05-02")
    assert send(database, booking).accepted == 1
    with database.reading() as connection:
        assert reading.all_customers(connection, "reisen") == []
        assert reading.existing_customers(connection, "reisen", [anna]) == set()
    send(database, books.knows("anna", "Anna", "Müller", "2026-05-20"))
    with database.reading() as connection:
        assert reading.all_customers(connection, "reisen") == [anna]
        told = reading.timeline(connection, "reisen", anna)
    assert [row.event.event_id for row in told] == ["profile-anna-2026-05-20", booking["id"]]


# Contact filter


def test_a_contact_without_person_is_counted_once_even_when_sent_twice(database: Database, books: Books):
    message = books.writes("contact-nobody", "2026-04-01")
    first, second = send(database, message, message), send(database, message)
    assert (first.accepted, first.discarded, first.duplicates) == (0, 1, 1)
    assert (second.accepted, second.discarded, second.duplicates) == (0, 0, 1)
    assert counted(database, "discarded") == 1
    assert logged_ids(database) == []


# Quarantine


def test_a_bad_event_is_kept_byte_by_byte_and_once(database: Database):
    raw = b'{"id": "x", "operatorid": "reisen",   "type": "Tee\xc3\xa4", "time": 7}'
    rejected = [Gate({"reisen"}, NOW).admit(raw)]
    for _ in range(2):
        receipt = ingest(database, rejected, NOW)
        assert [one.id for one in receipt.quarantined] == ["x"]
    with database.reading() as connection:
        kept = connection.execute(select(schema.quarantine)).one()
    assert (kept.raw, kept.event_id, kept.operator_id, kept.received_at) == (raw, "x", "reisen", NOW)
    assert "source: Field required" in kept.reason


def test_a_corrected_event_counts(database: Database, books: Books):
    booking = books.books("anna", "nordsee-26", "2026-05-02")
    assert len(send(database, booking | {"source": "operations"}).quarantined) == 1
    assert send(database, booking).accepted == 1


def test_the_good_events_of_a_batch_are_not_held_up_by_the_bad(database: Database, books: Books):
    good = books.books("anna", "nordsee-26", "2026-05-02")
    receipt = send(database, good, good | {"id": "bad", "type": "TeaPoured"})
    assert (receipt.accepted, len(receipt.quarantined)) == (1, 1)


def test_receipts_add_up():
    one = Receipt(1, 2, 3, (ingestion.Quarantined("x", "why"),))
    assert one + one == Receipt(2, 4, 6, one.quarantined * 2)


# One batch is one transaction


def test_an_error_in_the_middle_leaves_nothing(
    database: Database, books: Books, monkeypatch: pytest.MonkeyPatch
):
    def fall(*_args: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(ingestion.projections, "_keep_latest", fall)
    with pytest.raises(RuntimeError, match="power"):
        send(database, *anna_and_bernd(books))
    for table in ("event", "touchpoint", "merge", "person_profile", "discarded", "quarantine"):
        assert counted(database, table) == 0


# Tenants


def test_tenants_never_mix(open_fresh: OpenFresh):
    alone, together = open_fresh(), open_fresh()
    ours, theirs = anna_and_bernd(Books("reisen")), anna_and_bernd(Books("konkurrenz"))
    send(alone, *ours)
    send(together, *(event for pair in zip(ours, theirs[:-3], strict=False) for event in pair), *ours[-3:])

    def of_reisen(database: Database) -> dict[str, list[tuple[object, ...]]]:
        return {
            name: [row for row in rows if "reisen" in row] for name, rows in read_models(database).items()
        }

    assert of_reisen(together) == of_reisen(alone)
    ids = {name: {row[1] for row in rows} for name, rows in read_models(together).items()}
    assert ids["person_profile"] == {"anna", "bernd", "carla", "carla2"}
    with together.reading() as connection:
        here = set(reading.all_customers(connection, "reisen"))
        there = set(reading.all_customers(connection, "konkurrenz"))
        assert len(here) == len(there) == 3
        assert not here & there, "the same person has another pseudonym at every operator"
        assert reading.existing_customers(connection, "konkurrenz", here) == set()
        assert all(reading.timeline(connection, "konkurrenz", one) == [] for one in here)


def test_an_operator_does_not_get_in_by_anothers_gate(database: Database):
    theirs = Books("konkurrenz").books("anna", "nordsee-26", "2026-05-02")
    admission = Gate({"reisen"}, NOW).admit(json.dumps(theirs).encode())
    receipt = ingest(database, [admission], NOW)
    assert receipt.quarantined[0].reason.startswith("operatorid: unknown operator 'konkurrenz'")


# Files


def test_a_file_of_lines(database: Database, books: Books, tmp_path: Path):
    events = anna_and_bernd(books)
    path = write_lines(tmp_path / "events.jsonl", events)
    with path.open("ab") as file:
        file.write(b"\n  \nthis is no event\n")
    read: list[int] = []
    receipt = ingest_file(database, path, now=NOW, progress=read.append)
    assert (receipt.accepted, receipt.discarded, len(receipt.quarantined)) == (len(events) - 1, 1, 1)
    assert read == [path.stat().st_size]
    again = ingest_file(database, path, now=NOW)
    assert (again.accepted, again.duplicates) == (0, len(events))


def test_a_zipped_file_of_lines(database: Database, books: Books, tmp_path: Path):
    plain = write_lines(tmp_path / "events.jsonl", anna_and_bernd(books))
    zipped = tmp_path / "events.jsonl.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    assert ingest_file(database, zipped, now=NOW) == ingest_file(database, plain, now=NOW).__class__(
        accepted=17, discarded=1
    )


def test_a_file_brings_history(database: Database, books: Books, tmp_path: Path):
    booking = books.books("anna", "nordsee-26", "2026-05-02") | {"recordedtime": "2026-05-04T00:00:00Z"}
    ingest_file(database, write_lines(tmp_path / "events.jsonl", [booking]), now=NOW)
    with database.reading() as connection:
        assert connection.execute(select(schema.event.c.recorded_at)).scalar() == datetime(
            2026, 5, 4, tzinfo=UTC
        )


def test_a_file_for_one_operator_brings_nothing_of_another(database: Database, tmp_path: Path):
    events = [Books(name).knows("anna", "Anna", "Müller") for name in ("reisen", "konkurrenz")]
    path = write_lines(tmp_path / "events.jsonl", events)
    receipt = ingest_file(database, path, only_operator="reisen", now=NOW)
    assert (receipt.accepted, len(receipt.quarantined)) == (1, 1)
    assert logged_ids(database, "konkurrenz") == []


def test_a_missing_file_is_wrong_use(database: Database, tmp_path: Path):
    with pytest.raises(WrongUseError, match=r"nowhere\.jsonl: cannot be read as JSON lines: .*No such file"):
        ingest_file(database, tmp_path / "nowhere.jsonl", now=NOW)


@pytest.mark.parametrize("how", ["cut off", "not gzip"])
def test_a_broken_zipped_file_is_wrong_use(database: Database, books: Books, tmp_path: Path, how: str):
    path = tmp_path / "events.jsonl.gz"
    plain = write_lines(tmp_path / "events.jsonl", anna_and_bernd(books)).read_bytes()
    path.write_bytes(gzip.compress(plain)[:-20] if how == "cut off" else plain)
    with pytest.raises(WrongUseError, match="cannot be read as JSON lines"):
        ingest_file(database, path, now=NOW)


KILLED_WHILE_INGESTING = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from activity_log import ingestion
from activity_log.database import open_database

ingestion.FILE_BATCH = 100
batches = []

def die_in_the_third(position):
    batches.append(position)
    if len(batches) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

ingestion.ingest_file(
    open_database(sys.argv[1], Vault(bytes(32))), Path(sys.argv[2]), now=datetime.now(UTC), progress=die_in_the_third
)
"""


def test_after_a_kill_a_second_run_completes_without_doubles(
    open_fresh: OpenFresh, books: Books, tmp_path: Path
):
    events = [*anna_and_bernd(books), *(books.books(f"p{n}", "harz-26", "2026-01-05") for n in range(500))]
    path = write_lines(tmp_path / "events.jsonl", events)
    killed, undisturbed = open_fresh(), open_fresh()
    command = [sys.executable, "-c", KILLED_WHILE_INGESTING, str(killed.engine.url), str(path)]
    process = subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
    assert process.returncode == -signal.SIGKILL
    assert len(logged_ids(killed)) == 299, "three batches, one event of them discarded"
    second = ingest_file(killed, path, now=NOW)
    assert (second.accepted, second.duplicates) == (len(events) - 300, 300)
    ingest_file(undisturbed, path, now=NOW)
    assert logged_ids(killed) == logged_ids(undisturbed)
    without_moment = ("merge", "discarded")  # they say when we learned of it, which the kill put off
    for name, rows in read_models(undisturbed).items():
        if name not in without_moment:
            assert read_models(killed)[name] == rows
