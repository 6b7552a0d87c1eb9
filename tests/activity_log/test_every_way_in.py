"""Whichever way events come in, in any order, batches and repetition: the end is that of one clean pass."""

import gzip
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activity_log import event_files
from activity_log.database import POSTGRESQL, Database, open_database
from activity_log.importing.documents import Documents
from activity_log.importing.reading import read_table
from activity_log.importing.rows import judge
from activity_log.importing.spec import TableSpec
from activity_log.importing.table import import_table
from activity_log.importing.trade import trade_of
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import ingest_body, ingest_events
from activity_log.json_texts import canonical_json
from activity_log.operators import find_operator
from simulator import SimulationSpec, simulate
from tests.activity_log.end_state import end_state
from tests.activity_log.fresh_logs import VAULT, fresh_log
from tests.activity_log.stories import NOW, Books, Event, OpenFresh, anna_and_bernd

Way = Callable[[Database, Sequence[bytes], Path], object]
State = dict[str, Any]


ATTRIBUTES = ("specversion", "id", "source", "type", "time", "operatorid", "dataversion")


def by_http(database: Database, raws: Sequence[bytes], _: Path) -> object:
    return ingest_body(database, b"[" + b", ".join(raws) + b"]", now=NOW)


def by_broker(database: Database, raws: Sequence[bytes], _: Path) -> object:
    return ingest_events(database, raws, now=NOW)


def by_lines(database: Database, raws: Sequence[bytes], folder: Path, processes: int = 0) -> object:
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(raws))
    return ingest_file(database, path, now=NOW, processes=processes)


def by_zipped_lines(database: Database, raws: Sequence[bytes], folder: Path) -> object:
    path = folder / "events.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(raws), 1))
    return ingest_file(database, path, now=NOW, processes=0)


def by_parquet(database: Database, raws: Sequence[bytes], folder: Path, processes: int = 0) -> object:
    path = folder / "events.parquet"
    rows = [json.loads(raw) for raw in raws]
    data = [json.dumps(row.pop("data", None)) for row in rows]
    columns = {name: [row.get(name) for row in rows] for name in ATTRIBUTES}
    pq.write_table(pa.table(columns | {"data": data}), path)
    return ingest_file(database, path, now=NOW, processes=processes)


WAYS: dict[str, Way] = {
    "http": by_http,
    "broker": by_broker,
    "lines": by_lines,
    "zipped": by_zipped_lines,
    "parquet": by_parquet,
}


def story() -> list[bytes]:
    """Anna and Bernd, what is odd but right, what is nobody's, and what cannot be taken in."""
    books, theirs = Books(), Books("konkurrenz")
    good = books.books("anna", "harz-25", "2025-03-01", "bernd")
    old = books.knows("x", "Dora", "Dietz") | {"type": "PassengerProfileUpdated", "id": "old"}
    old["data"] = {"passenger_profile_id": "dora", "given_name": "Dora", "family_name": "Dietz", "shoe": 39}
    events: list[Event] = [
        *anna_and_bernd(books),
        *anna_and_bernd(theirs)[:6],
        old,
        good | {"id": "newer", "data": good["data"] | {"loyalty": {"tier": "gold", "points": 10.50}}},
        good | {"id": "offset", "time": "2025-03-01T11:00:00.25+02:00", "dataversion": "1"},
        good | {"id": "number", "data": good["data"] | {"total_amount": 499.10}},
        books.event("PersonProfilesUnmerged", "2025-08-01", {"surviving_id": "carla", "merged_id": "carla2"}),
        books.event("PersonErasureRequested", "2024-06-01", {"person_profile_id": "bernd"}),
        books.knows("bernd", "Bernhard", "Anders", "2025-02-01"),
        # what cannot be taken in
        good | {"id": "poured", "type": "TeaPoured"},
        good | {"id": "astray", "source": "backoffice"},
        good | {"id": "nul\0", "operatorid": "reisen"},
        good | {"id": "strange", "operatorid": "fremd"},
        good | {"id": "dear", "data": good["data"] | {"total_amount": "much"}},
        {name: value for name, value in good.items() if name != "time"} | {"id": "timeless"},
    ]
    return [json.dumps(event).encode() for event in events]


STORY = story()


def in_one_pass(database: Database, raws: Sequence[bytes] = STORY) -> State:
    ingest_events(database, raws, now=NOW)
    return end_state(database)


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[str, list[bytes]]]:
    """The story in any order, some of it again, in batches that come any way."""
    arriving = draw(st.permutations(STORY)) + draw(st.lists(st.sampled_from(STORY), max_size=12))
    cuts = sorted(draw(st.sets(st.integers(1, len(arriving) - 1), max_size=6)))
    ways = st.sampled_from(sorted(WAYS))
    return [(draw(ways), arriving[start:end]) for start, end in pairwise([0, *cuts, len(arriving)])]


def deliver(database: Database, batches: list[tuple[str, list[bytes]]], folder: Path) -> State:
    for way, raws in batches:
        WAYS[way](database, raws, folder)
    return end_state(database)


ANY_WAY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_the_story_tells_of_everything(database: Database):
    state = in_one_pass(database)
    assert [name for name, rows in state.items() if not rows] == []
    assert {row[2] for row in state["quarantine"]} == {
        "poured",
        "astray",
        "nul?",
        "strange",
        "dear",
        "timeless",
    }
    assert any(erased for _, _, erased, _ in state["opened"])
    assert [row for row in state["keys"] if row[3]] != []


@ANY_WAY
@given(batches=deliveries())
def test_any_order_any_batches_any_way(
    open_fresh: OpenFresh, tmp_path: Path, batches: list[tuple[str, list[bytes]]]
):
    assert deliver(open_fresh(), batches, tmp_path) == in_one_pass(open_fresh())


@settings(ANY_WAY, max_examples=6)
@given(batches=deliveries())
def test_any_order_any_batches_any_way_on_postgresql(
    open_fresh: OpenFresh, tmp_path: Path, batches: list[tuple[str, list[bytes]]]
):
    with fresh_log(POSTGRESQL, tmp_path) as url, closing(open_database(url, VAULT)) as log:
        assert deliver(log, batches, tmp_path) == in_one_pass(open_fresh())


@pytest.mark.parametrize("by", [by_lines, by_parquet])
def test_other_processes_bring_the_same(
    open_fresh: OpenFresh, tmp_path: Path, by: Callable[..., object], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_files, "BLOCK_BYTES", 3_000)
    monkeypatch.setattr(event_files, "_PARQUET_ROWS", 7)
    one, other = open_fresh(), open_fresh()
    assert by(one, STORY, tmp_path, 2) == by(other, STORY, tmp_path, 0)
    assert end_state(one) == end_state(other)
    by(one, STORY[::-1], tmp_path, 2)
    assert end_state(one) == in_one_pass(open_fresh())


@pytest.mark.parametrize("seed", [1, 2])
def test_two_simulated_years_in_any_order_by_all_ways(open_fresh: OpenFresh, tmp_path: Path, seed: int):
    simulation = simulate(SimulationSpec(customers=60, years=2, until=date(2026, 6, 1)))
    raws = [json.dumps(event | {"operatorid": "reisen"}).encode() for event in simulation.events]
    chance = Random(seed)
    arriving = chance.sample(raws, len(raws)) + chance.choices(raws, k=200)
    cuts = sorted(chance.sample(range(1, len(arriving)), 9))
    without_history = [raw.replace(b'"recordedtime"', b'"learnt"') for raw in arriving]
    batches = [
        (chance.choice(sorted(WAYS)), without_history[start:end])
        for start, end in pairwise([0, *cuts, len(arriving)])
    ]
    clean = in_one_pass(open_fresh(), [raw.replace(b'"recordedtime"', b'"learnt"') for raw in raws])
    assert deliver(open_fresh(), batches, tmp_path) == clean
    assert len(clean["events"]) > 1_000


def test_a_table_brings_what_its_events_bring_one_by_one(open_fresh: OpenFresh, tmp_path: Path):
    """What `busflow import` makes of a table, sent as files, by turns and twice."""
    table, spec = tmp_path / "table.csv", TableSpec(cancellation_prefix="C", description="name")
    rows = [f"{n % 7},{n},tour-{n % 3},2026-01-{n % 28 + 1:02},{n}.90,Harz" for n in range(1, 60)]
    rows += [f"{n % 7},C{n},tour-{n % 3},2026-03-01,-{n}.90,Harz" for n in range(1, 60, 9)]
    table.write_text("customer_id,booking_id,item_id,timestamp,amount,name\n" + "\n".join(rows))
    imported, sent = open_fresh(), open_fresh()
    operator = find_operator(imported, "reisen")
    report = import_table(imported, operator, table, spec, now=NOW)
    events = list(Documents("reisen", spec, trade_of(judge(read_table(table, spec), spec, NOW))))
    raws = [canonical_json(event).encode() for event in events]
    Random(1).shuffle(raws)
    for some in (raws[:30], raws[20:], raws):
        by_lines(sent, some, tmp_path)
    assert report.receipt.accepted == len(raws) > 60
    assert end_state(sent) == end_state(imported)
