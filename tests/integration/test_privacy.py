"""Who people are is told in one place: the profiles. All else, in whatever store, names nobody."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import MetaData, select

from activity_log.clock import utc_now
from activity_log.database import Database, open_log
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from simulator import SimulationSpec, simulate
from tests.activity_log.fresh_logs import STORES, fresh_schema
from tests.conftest import SimulatedOperator

THE_LOG = {"log.db", "log.db-wal", "log.db-shm"}
SIMULATED = {"events.jsonl", "truth.json"}
PROFILES = "person_profile"
SHORT = 4
"""Names up to this length occur in any text by chance."""

Event = dict[str, Any]


@dataclass(frozen=True)
class Traces:
    """What would give somebody away: words anywhere, dates and postcodes as they are written."""

    words: frozenset[bytes]
    birth_dates: frozenset[bytes]
    postcodes: frozenset[bytes]

    def found_in(self, text: bytes) -> set[bytes]:
        return (
            {word for word in self.words if word in text}
            | self.birth_dates.intersection(re.findall(rb"19\d\d-\d\d-\d\d", text))
            | self.postcodes.intersection(re.findall(rb"[\"'](\d{5})[\"']", text))
        )


SHARED = {"email": "@example.org", "phone": "+4915550"}
"""What all simulated addresses and all numbers have in common: one look instead of a thousand."""


def traces_of(events: Iterable[Event]) -> Traces:
    """Every name, e-mail, phone number, birth date and postcode that was sent; a name that a tour has too is none."""
    sent = [event["data"] for event in events]
    told = [data for data in sent if "given_name" in data]
    offered = json.dumps(
        [data for data in sent if "price" in data or "price_from" in data], ensure_ascii=False
    )
    names = {one[name] for one in told for name in ("given_name", "family_name") if len(one[name]) > SHORT}
    for one in told:
        for field, shared in SHARED.items():
            assert shared in (one.get(field) or shared)
    return Traces(
        frozenset(name.encode() for name in {*names, *SHARED.values()} if name not in offered),
        frozenset(one["birth_date"].encode() for one in told if one.get("birth_date")),
        frozenset(one["postcode"].encode() for one in told if one.get("postcode")),
    )


def tables_of(database: Database) -> Iterator[tuple[str, bytes]]:
    """Every table that the database itself knows of, partitions too, as bytes."""
    found = MetaData()
    found.reflect(database.engine)
    with database.reading() as connection:
        for name, table in found.tables.items():
            cells = (cell for row in connection.execute(select(table)) for cell in row)
            yield name, b"\n".join(cell if isinstance(cell, bytes) else repr(cell).encode() for cell in cells)


def files_of(home: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file of the installation but the log and what the simulator wrote; Parquet unpacked as well."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name not in THE_LOG | SIMULATED:
            yield path.relative_to(home), path.read_bytes()
            if path.suffix == ".parquet":
                yield (
                    path.relative_to(home),
                    repr(pq.read_table(path, partitioning=None).to_pydict()).encode(),
                )


@pytest.fixture(scope="module")
def traces(trained: SimulatedOperator) -> Traces:
    lines = (trained.settings.home / "events.jsonl").read_bytes().splitlines()
    return traces_of(json.loads(line) for line in lines)


def test_nothing_personal_is_in_any_fact_feature_online_store_or_model(
    trained: SimulatedOperator, traces: Traces
):
    scanned = set()
    for path, text in files_of(trained.settings.home):
        assert not traces.found_in(text), path
        assert b"p-000" not in text, f"{path} names person_profile_ids"
        scanned.add(path.parts[0])
    assert {"facts", "features", "feast", "mlflow", "keys"} <= scanned


def test_nothing_personal_is_in_any_other_table_of_the_log(trained: SimulatedOperator, traces: Traces):
    tables = dict(tables_of(trained.database))
    found = traces.found_in(tables.pop(PROFILES))
    assert traces.words - found == set(), "the scan finds what is there"
    assert min(len(found & traces.birth_dates), len(found & traces.postcodes)) > 300
    assert {"event", "booking", "touchpoint", "quarantine", "discarded"} <= tables.keys()
    for name, text in tables.items():
        assert not traces.found_in(text), name


# What is refused, told and reported


@pytest.fixture(params=STORES)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with fresh_schema(request.param, tmp_path) as url, pytest.MonkeyPatch.context() as patched:
        patched.setenv("BUSFLOW_HOME", str(tmp_path))
        patched.setenv("BUSFLOW_DATABASE_URL", url)
        yield tmp_path


def poison(profiles: list[Event]) -> Iterator[bytes]:
    """The same people, in events that cannot be taken in."""
    for n, event in enumerate(profiles):
        data = event["data"]
        yield json.dumps(event | {"id": f"bad-{n}", "data": data | {"locale": data["given_name"]}}).encode()
        yield json.dumps(event | {"id": f"odd-{n}", "data": data | {"birth_date": data["email"]}}).encode()
        yield json.dumps(event)[:-9].encode()


def newer(profiles: list[Event]) -> Iterator[bytes]:
    """The same people, in fields that no contract knows, of events that the outbox tells of."""
    now = utc_now().isoformat()
    for n, event in enumerate(profiles):
        person = event["data"]["person_profile_id"]
        data = {"session_id": f"s-{n}", "tour_id": "t-1", "step": "seats", "guest": event["data"]}
        missed = {"booking_id": f"b-{n}", "person_profile_id": person, "called": [event["data"]["phone"]]}
        rest = {"time": now, "operatorid": "reisen", "source": "commerce"}
        for type_, its_data in (
            ("CheckoutAbandoned", data),
            ("CheckoutAbandoned", data | {"person_profile_id": person}),
            ("BookingNoShow", missed),
        ):
            yield json.dumps(
                {"id": f"{type_}-{n}-{len(its_data)}", "type": type_, "data": its_data} | rest
            ).encode()


def busflow(*arguments: str) -> bytes:
    """What a command says, to the last line of its log."""
    done = subprocess.run(
        [sys.executable, "-c", "from busflow.cli import main; main()", *arguments],
        env=os.environ | {"PYTHONPATH": str(Path.cwd()), "BUSFLOW_LOG_LEVEL": "debug"},
        capture_output=True,
        check=True,
    )
    return done.stdout + done.stderr


def test_nothing_personal_is_in_quarantine_outbox_and_reports(
    home: Path, tmp_path_factory: pytest.TempPathFactory
):
    simulation = simulate(SimulationSpec(customers=60, years=1, until=date(2026, 6, 1)))
    events = [event | {"operatorid": "reisen"} for event in simulation.events]
    profiles = [event for event in events if event["data"].get("email")][:40]
    traces = traces_of(events)
    path = tmp_path_factory.mktemp("sent") / "sent.jsonl"
    path.write_bytes(
        b"\n".join([*(json.dumps(e).encode() for e in events), *newer(profiles), *poison(profiles)])
    )
    with closing(open_log(load_settings())) as database:
        register_operator(database, "reisen", now=utc_now())
        said = busflow("ingest", str(path), "--json") + busflow("replay", "-o", "reisen", "--json")
        said += busflow("quarantine", "list", "--json") + busflow("doctor", "--json")
        tables = dict(tables_of(database))
    assert SHARED["email"].encode() in traces.found_in(tables.pop(PROFILES))
    assert all(tables[name] for name in ("quarantine", "outbox_message", "event", "intake"))
    for name, text in tables.items():
        assert not traces.found_in(text), name
    for path, text in files_of(home):
        assert not traces.found_in(text), path
    assert not traces.found_in(said)
    assert b'"accepted"' in said
