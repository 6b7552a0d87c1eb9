"""Many at one log: writers take turns, readers see places in order, and both stores end the same."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text

from activity_log import ledger, reading, schema
from activity_log.database import POSTGRESQL, Database, open_database
from activity_log.ingestion import Receipt, ingest_events
from activity_log.operators import find_operator
from simulator import SimulationSpec, simulate
from tests.activity_log.dumps import dump
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Event
from tests.contracts.log_store import BOOKING, append, stored


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Log]:
    with fresh_log(POSTGRESQL, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield Log(database)


def bookings(writer: str, count: int) -> list[Event]:
    return [
        BOOKING | {"id": f"{writer}-{n}", "data": BOOKING["data"] | {"booking_id": f"{writer}-{n}"}}
        for n in range(count)
    ]


class Watcher:
    """Reads on from the last place seen, as a projection does; what appears behind it would be missed."""

    def __init__(self, log: Log, operator_id: str):
        self.seen: list[str] = []
        self._log, self._operator_id, self._done = log, operator_id, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        after = 0
        while True:
            is_last = self._done.is_set()
            for event in stored(self._log, self._operator_id, after=after):
                self.seen.append(event.event_id)
                after = event.seq
            if is_last:
                return


def test_who_reads_on_while_four_write_misses_nothing(log: Log, operator_id: str):
    shared = bookings("shared", 40)

    def write(writer: int) -> Receipt:
        receipts = [
            append(log, operator_id, event, shared[n]) for n, event in enumerate(bookings(f"w{writer}", 40))
        ]
        return Receipt(sum(one.accepted for one in receipts), sum(one.duplicates for one in receipts))

    with Watcher(log, operator_id) as watcher, ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(write, range(4)))
    assert sum(one.accepted for one in receipts) == 5 * 40
    assert sum(one.duplicates for one in receipts) == 3 * 40
    assert watcher.seen == [event.event_id for event in stored(log, operator_id)]
    assert len(set(watcher.seen)) == 5 * 40
    with log.database.reading() as connection:
        anna = find_operator(log.database, operator_id).pseudonym("anna")
        assert len(reading.timeline(connection, operator_id, anna, limit=1_000)) == 5 * 40


WRITING_PROCESS = """
import json, sys
from datetime import datetime
from activity_log.database import open_database
from activity_log.ingestion import ingest_events
from activity_log.vault import Vault

url, now = sys.argv[1], datetime.fromisoformat(sys.argv[2])
raws = [line.encode() for line in sys.stdin.read().splitlines()]
database = open_database(url, Vault(bytes(32)))
accepted = sum(ingest_events(database, raws[at : at + 10], now=now).accepted for at in range(0, len(raws), 10))
print(accepted)
"""


def test_two_processes_write_the_same_and_nothing_is_doubled(log: Log, operator_id: str):
    events = [event | {"operatorid": operator_id} for event in bookings("both", 300)]
    url = log.database.engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITING_PROCESS, url, str(NOW)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process, order in zip(processes, (events, events[::-1]), strict=True):
        assert process.stdin
        process.stdin.write("\n".join(json.dumps(event) for event in order))
        process.stdin.close()
    with Watcher(log, operator_id) as watcher:
        accepted = [int(process.stdout.read()) for process in processes if process.stdout]
        assert [process.wait() for process in processes] == [0, 0]
    for process in processes:
        assert process.stdout
        process.stdout.close()
    assert sum(accepted) == 300
    assert sorted(watcher.seen) == sorted(event["id"] for event in events)
    assert watcher.seen == [event.event_id for event in stored(log, operator_id)]


# Partitions


def of_years(*years: int) -> list[Event]:
    return [
        event
        | {"id": f"of-{year}", "time": f"{year}-05-02T09:00:00Z", "recordedtime": f"{year}-05-03T09:00:00Z"}
        for year, event in zip(years, bookings("b", len(years)), strict=True)
    ]


def test_each_year_of_recording_is_a_partition(postgresql: Log):
    log, operator_id = postgresql, postgresql.operator()
    assert append(log, operator_id, *of_years(2019, 2026, 2022)).accepted == 3
    assert append(log, operator_id, *of_years(1970, 2026)).accepted == 1
    with log.database.reading() as connection:
        parts = dict(
            connection.execute(
                text("SELECT tableoid::regclass::text AS part, min(event_id) FROM event GROUP BY tableoid")
            ).all()
        )
        assert {name.rpartition(".")[2]: id_ for name, id_ in parts.items()} == {
            "event_1970": "of-1970",
            "event_2019": "of-2019",
            "event_2022": "of-2022",
            "event_2026": "of-2026",
        }
        anna = find_operator(log.database, operator_id).pseudonym("anna")
        timeline = reading.timeline(connection, operator_id, anna)
    assert [row.event.event_id for row in timeline] == ["of-2026", "of-2022", "of-2019", "of-1970"]
    assert [event.event_id for event in stored(log, operator_id)] == [
        "of-2019",
        "of-2026",
        "of-2022",
        "of-1970",
    ]


def plan(database: Database, query: str) -> str:
    with database.reading() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join(connection.execute(text(f"EXPLAIN {query}")).scalars())


def test_look_ups_over_all_partitions_go_by_index(postgresql: Log):
    append(postgresql, postgresql.operator(), *of_years(2019, 2026))
    queries = [
        "SELECT max(seq) FROM event",
        "SELECT * FROM event WHERE seq IN (1, 2, 3)",
        "SELECT * FROM event WHERE operator_id = 'reisen' AND seq > 5 ORDER BY seq LIMIT 100",
        "SELECT * FROM event WHERE operator_id = 'reisen' AND sealed_for = 'anna'",
        "SELECT * FROM touchpoint WHERE operator_id = 'o' AND customer_id = 'c' ORDER BY occurred_at DESC LIMIT 50",
        "SELECT seq FROM event_key WHERE operator_id = 'reisen' AND event_id = 'e1'",
    ]
    for query in queries:
        told = plan(postgresql.database, query)
        assert "Index" in told, query
        assert "Seq Scan" not in told, (query, told)


def test_a_new_year_does_not_wait_for_who_reads(postgresql: Log):
    """Like on New Year's Eve: a long report reads the log, and the first event of the year comes in."""
    log, operator_id = postgresql, postgresql.operator()
    append(log, operator_id, *of_years(2025))
    with log.database.reading() as report:
        assert ledger.last_seq(report, operator_id) == 1
        with log.database.writing() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            lines = [(operator_id, "new", "commerce", "BookingNoShow", 1, 0, 1_780_000_000_000_000, "{}")]
            ledger.append(connection, lines, [])
        assert ledger.last_seq(report, operator_id) == 1


# Both stores, one end


def test_both_stores_hold_the_same_after_the_same(tmp_path: Path):
    """Small batches and large ones, which PostgreSQL takes another way."""
    simulation = simulate(SimulationSpec(customers=80, years=2, until=date(2026, 6, 1)))
    raws = [json.dumps(event | {"operatorid": "reisen"}).encode() for event in simulation.events]
    ends = []
    for store in STORES:
        with fresh_log(store, tmp_path) as url, closing(open_database(url, VAULT)) as database:
            batches = [raws[:20], raws[20:900], raws[900:950], raws[950:]]
            receipts = [ingest_events(database, batch, now=NOW, keep_recorded_time=True) for batch in batches]
            with database.reading() as connection:
                events = [event for chunk in ledger.read(connection, "reisen") for event in chunk]
                nobodys = connection.execute(select(schema.discarded)).all()
            ends.append((receipts, events, dump(database), sorted(map(tuple, nobodys))))
    assert ends[0] == ends[1]
    assert len(ends[0][1]) > 2_000
