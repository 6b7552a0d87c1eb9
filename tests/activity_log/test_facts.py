import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activity_log.database import Database
from activity_log.facts import export
from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES
from activity_log.operators import Operator
from tests.activity_log.stories import Books, anna_and_bernd, send
from tests.contracts.examples import EXAMPLES

Tables = dict[str, list[dict[str, object]]]


def read(files: FactFiles) -> Tables:
    return {
        name: [row for path in files.paths(name) for row in pq.read_table(path).to_pylist()]
        for name in FACT_TABLES
    }


def test_the_bookings_of_anna_by_hand(database: Database, reisen: Operator, books: Books, tmp_path: Path):
    send(database, books.books("anna", "nordsee-26", "2026-05-02", "bernd", amount="998.10"))
    files = FactFiles(tmp_path, "reisen")
    assert files.refresh(database, reisen) == 1
    facts = read(files)
    [booking] = facts["bookings"]
    assert booking["customer_id"] == reisen.pseudonym("anna")
    assert booking["amount"] == Decimal("998.10")
    assert booking["party_size"] == 2
    trips = {row["customer_id"]: row["is_booker"] for row in facts["trips"]}
    assert trips == {reisen.pseudonym("anna"): True, reisen.pseudonym("bernd"): False}
    assert {name for name, rows in facts.items() if rows} == {"bookings", "trips"}


def test_every_type_with_a_fact_table_fills_it(
    database: Database, reisen: Operator, books: Books, tmp_path: Path
):
    send(database, *(books.event(name, "2026-05-02", data, id_=name) for name, data in EXAMPLES.items()))
    files = FactFiles(tmp_path, "reisen")
    assert files.refresh(database, reisen) == len(EXAMPLES)
    facts = read(files)
    assert all(facts.values()), f"empty: {[name for name, rows in facts.items() if not rows]}"
    without = {row["event_id"] for rows in facts.values() for row in rows} ^ set(EXAMPLES)
    assert without == {"ServiceLegCompleted", "PersonErasureRequested"}


def test_files_written_bit_by_bit_hold_what_one_export_holds(
    database: Database, reisen: Operator, books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    growing, whole = FactFiles(tmp_path / "growing", "reisen"), FactFiles(tmp_path / "whole", "reisen")
    growing.refresh(database, reisen)
    for event in anna_and_bernd(books):
        send(database, event)
        growing.refresh(database, reisen)
    assert growing.refresh(database, reisen) == 0
    whole.refresh(database, reisen)
    assert read(growing) == read(whole)
    assert growing.level == whole.level == 17

    in_segments = FactFiles(tmp_path / "segments", "reisen")
    monkeypatch.setattr(export, "SEGMENT_EVENTS", 5)
    sizes: list[int] = []
    in_segments.refresh(database, reisen, sizes.append)
    assert sizes == [5, 5, 5, 2]
    assert read(in_segments) == read(whole)


def test_only_what_the_manifest_names_counts(
    database: Database, reisen: Operator, books: Books, tmp_path: Path
):
    """A killed process may leave whole or half files behind; they are ignored and written again."""
    send(database, books.books("anna", "nordsee-26", "2026-05-02"))
    files = FactFiles(tmp_path, "reisen")
    files.refresh(database, reisen)
    before = read(files)
    half = Path(files.paths("bookings")[0]).with_name("000000000002-000000000002.parquet")
    half.write_bytes(b"PAR1 and no more")
    assert read(files) == before
    send(database, books.books("anna", "harz-26", "2026-05-03"))
    assert files.refresh(database, reisen) == 1
    assert [row["tour_id"] for row in read(files)["bookings"]] == ["nordsee-26", "harz-26"]


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from activity_log.database import open_database
from activity_log.facts import export
from activity_log.operators import find_operator
from activity_log.vault import Vault

written = []
write_table = export.pq.write_table

def die_in_the_fifth(*args, **kwargs):
    written.append(args)
    if len(written) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    write_table(*args, **kwargs)

export.pq.write_table = die_in_the_fifth
database = open_database(sys.argv[1], Vault(bytes(32)))
export.FactFiles(Path(sys.argv[2]), "reisen").refresh(database, find_operator(database, "reisen"))
"""


def test_after_a_kill_the_next_refresh_completes(
    database: Database, reisen: Operator, books: Books, tmp_path: Path
):
    send(database, *anna_and_bernd(books))
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, str(database.engine.url), str(tmp_path / "killed")]
    process = subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
    assert process.returncode == -signal.SIGKILL
    killed, undisturbed = FactFiles(tmp_path / "killed", "reisen"), FactFiles(tmp_path / "other", "reisen")
    assert killed.level == 0
    assert killed.paths("bookings") == []
    killed.refresh(database, reisen)
    undisturbed.refresh(database, reisen)
    assert read(killed) == read(undisturbed)


def test_two_who_refresh_at_once_double_nothing(
    database: Database, reisen: Operator, books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files = FactFiles(tmp_path, "reisen")
    send(database, books.books("anna", "nordsee-26", "2026-05-02"))
    flatten, others = export.flatten, [files]

    def while_another_refreshes(operator, event):
        if others:
            send(database, books.books("anna", "harz-26", "2026-05-03"))
            others.pop().refresh(database, reisen)
        return flatten(operator, event)

    monkeypatch.setattr(export, "flatten", while_another_refreshes)
    files.refresh(database, reisen)
    files.refresh(database, reisen)
    assert [row["tour_id"] for row in read(files)["bookings"]] == ["nordsee-26", "harz-26"]


def test_money_is_decimal_and_moments_are_utc(
    database: Database, reisen: Operator, books: Books, tmp_path: Path
):
    files = FactFiles(tmp_path, "reisen")
    files.refresh(database, reisen)
    for name, schema in FACT_TABLES.items():
        [path] = files.paths(name)
        assert pq.read_schema(path).equals(schema)
        assert pa.types.is_decimal(schema.field("amount").type) if "amount" in schema.names else True
        assert schema.field("occurred_at").type == pa.timestamp("us", tz="UTC")
    money = {"amount", "refund_amount", "price", "price_from"}
    kinds = {field.type for schema in FACT_TABLES.values() for field in schema if field.name in money}
    assert kinds == {pa.decimal128(14, 2)}


def test_the_extremes_that_the_gate_lets_in_fit_the_files(
    database: Database, reisen: Operator, books: Books, tmp_path: Path
):
    boarding = EXAMPLES["BoardingEventCreated"] | {"minutes_late": 10_080}
    events = [
        books.books("anna", "nordsee-26", "2026-05-02", amount="999999999999.99"),
        books.books("anna", "harz-26", "2026-05-02", amount="1E+3"),
        books.event("BoardingEventCreated", "2026-05-02", boarding),
        books.event("BoardingEventCreated", "2026-05-02", boarding | {"minutes_late": 10**12}, id_="bad"),
    ]
    assert [one.id for one in send(database, *events).quarantined] == ["bad"]
    files = FactFiles(tmp_path, "reisen")
    files.refresh(database, reisen)
    amounts = [row["amount"] for row in read(files)["bookings"]]
    assert amounts == [Decimal("999999999999.99"), Decimal("1000.00")]


def test_no_person_is_named_in_any_file(database: Database, reisen: Operator, books: Books, tmp_path: Path):
    anna = {
        "person_profile_id": "person-0815",
        "given_name": "Annegret",
        "family_name": "Buchholz",
        "email": "annegret@example.org",
        "phone": "+49 421 5550101",
        "birth_date": "1951-03-04",
        "postcode": "28195",
        "dietary_needs": "keine Nüsse",
    }
    events = [
        books.event("PersonProfileUpdated", "2026-05-01", anna, id_="e0"),
        *(
            books.event(
                name, "2026-05-02", json.loads(json.dumps(data).replace('"anna"', '"person-0815"')), id_=name
            )
            for name, data in EXAMPLES.items()
            if name not in ("PersonProfileUpdated", "PersonErasureRequested")
        ),
    ]
    assert send(database, *events).accepted == len(events)
    files = FactFiles(tmp_path, "reisen")
    files.refresh(database, reisen)
    told = repr(read(files))
    assert reisen.pseudonym("person-0815") in told
    assert "'postcode_area': '28'" in told
    for field, value in anna.items():
        assert value not in told, field
        assert all(value.encode() not in path.read_bytes() for path in tmp_path.rglob("*.parquet")), field


def test_of_who_is_forgotten_the_facts_keep_what_happened(
    database: Database, reisen: Operator, books: Books, tmp_path: Path
):
    files = FactFiles(tmp_path, "reisen")
    send(database, books.knows("anna", "Anna", "Müller", postcode="28195"))
    send(database, books.books("anna", "nordsee-26", "2026-05-02"))
    files.refresh(database, reisen)
    before = read(files)
    asks = books.event("PersonErasureRequested", "2026-05-03", {"person_profile_id": "anna"})
    send(database, asks)
    files.rebuild(database, reisen)
    after = read(files)
    assert [row["postcode_area"] for row in before["profiles"]] == ["28"]
    assert [row["postcode_area"] for row in after["profiles"]] == [None]
    assert after | {"profiles": []} == before | {"profiles": []}


def test_tenants_have_files_of_their_own(database: Database, reisen: Operator, tmp_path: Path):
    send(database, Books("konkurrenz").books("anna", "nordsee-26", "2026-05-02"))
    files = FactFiles(tmp_path, "reisen")
    assert files.refresh(database, reisen) == 0
    assert not any(read(files).values())


def test_files_are_rebuilt_to_the_same(database: Database, reisen: Operator, books: Books, tmp_path: Path):
    files = FactFiles(tmp_path, "reisen")
    for event in anna_and_bernd(books):
        send(database, event)
        files.refresh(database, reisen)
    before = read(files)
    Path(files.paths("bookings")[0]).write_bytes(b"spoilt")
    assert files.rebuild(database, reisen) == 17
    assert read(files) == before
