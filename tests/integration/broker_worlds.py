"""An installation that a consumer fills, and the one that a single clean pass filled: are they the same?"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from activity_log import schema
from activity_log.broker.messages import Message, unpack
from activity_log.database import open_log
from activity_log.ingestion import ingest_events
from activity_log.operators import register_operator
from activity_log.settings import Settings, load_settings
from simulator import SimulationSpec, simulate, write
from tests.integration.broker_wires import Wire, left

REPO = Path(__file__).parents[2]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
PSEUDONYM_KEY = b"a key for tests only, 32 bytes.."
PATIENCE_SECONDS = 90

POISON = (
    b"",
    b"no JSON at all",
    b"\xff\xfe\x00",
    b"[" * 20_000,
    b'{"data":' + b'{"a":' * 20_000,
    b'{"id":"x-1","type":"SomethingElse","source":"commerce","time":"2026-01-01T00:00:00Z",'
    b'"operatorid":"nordlicht","data":{}}',
    b'{"id":"x-2","type":"BookingCancelled","source":"commerce","time":"2026-01-01T00:00:00Z",'
    b'"operatorid":"stranger","data":{}}',
    b'{"junk":"' + b"x" * 300_000 + b'"}',
    b"[5, null, 7]",
)

WITH_NUL = (
    b'{"id":"x-3","type":"BookingCancelled","source":"commerce","time":"2026-01-01T00:00:00Z",'
    b'"operatorid":"nordlicht","data":{"booking_id":"b\\u0000","booker_profile_id":"p","refund_amount":"1"}}'
)
"""PostgreSQL keeps no NUL in text."""

_VOLATILE = {
    "seq", "recorded_at", "effective_at", "received_at", "deliveries", "attempts", "raw", "sealed",
}  # fmt: skip
"""Columns that say when or how often something came, or hold a fresh seal of the same bytes."""


def deliveries(folder: Path, customers: int, seed: int = 1) -> list[bytes]:
    """Return messages as a bad day would bring them: shuffled, some twice, some in batches, poison among them."""
    spec = SimulationSpec(customers=customers, years=2, until=date(2026, 11, 1), seed=seed)
    write(simulate(spec), folder / "events.jsonl", folder / "truth.json")
    events = (folder / "events.jsonl").read_bytes().splitlines()
    chance = random.Random(seed)
    chance.shuffle(events)
    alone, together = events[: len(events) * 3 // 4], events[len(events) * 3 // 4 :]
    batches = [b"[" + b",".join(together[i : i + 50]) + b"]" for i in range(0, len(together), 50)]
    batches.append(b"[" + together[0] + b',{"id":"in a batch"},' + together[1] + b"]")
    messages = [*alone, *batches, *POISON, *POISON, *chance.sample(alone, len(alone) // 10)]
    chance.shuffle(messages)
    return messages


@dataclass
class World:
    """An installation with one operator, to be filled."""

    settings: Settings
    consumers: list["subprocess.Popen[str]"] = field(default_factory=list)

    @classmethod
    def make(cls, home: Path, **settings: Any) -> "World":
        world = cls(load_settings(home=home, **settings))
        with closing(open_log(world.settings)) as database:
            register_operator(database, "nordlicht", now=NOW, pseudonym_key=PSEUDONYM_KEY)
        return world

    def fill_in_one_clean_pass(self, messages: Sequence[bytes]) -> None:
        raws = [raw for body in messages for raw in unpack(Message(body, {}))]
        with closing(open_log(self.settings)) as database:
            ingest_events(database, raws, now=NOW)

    def events(self) -> int:
        with closing(open_log(self.settings)) as database, database.reading() as connection:
            return connection.execute(select(func.count()).select_from(schema.event)).scalar_one()

    def end_state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in the log, the read models and the quarantine, but for when and how often it came."""
        tables = (schema.event, schema.discarded, schema.quarantine, *schema.READ_MODELS)
        with closing(open_log(self.settings)) as database, database.reading() as connection:
            return {
                table.name: sorted(
                    (tuple(row) for row in connection.execute(select(*_lasting(table)))), key=repr
                )
                for table in tables
            }

    def start(self, wire: Wire, url: str = "", **environment: str) -> "subprocess.Popen[str]":
        """Start `busflow consume` in a process of its own."""
        settings = {
            "PYTHONPATH": str(REPO),
            "BUSFLOW_HOME": str(self.settings.home),
            "BUSFLOW_DATABASE_URL": self.settings.database_url,
            "BUSFLOW_BROKER_URL": url or wire.url,
            "BUSFLOW_BROKER_TOPIC": wire.topic,
            "BUSFLOW_BROKER_QUEUE": wire.queue,
            "BUSFLOW_BROKER_BATCH": "100",
            "BUSFLOW_BROKER_PREFETCH": "300",
        }
        command = "from busflow.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", command, "consume", "--json"],
            env={**os.environ, **settings, **environment},
            cwd=self.settings.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.consumers.append(process)
        return process


@contextmanager
def ended(world: World) -> Iterator[World]:
    """See that no consumer outlives the test."""
    try:
        yield world
    finally:
        for process in world.consumers:
            if process.poll() is None:
                process.kill()
            process.communicate()


def until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait for what a running consumer brings about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, f"the consumer ended: {process.communicate()[1]}"
        assert time.monotonic() < deadline, "the consumer does not get on"
        time.sleep(0.05)


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def stop(process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGTERM) -> dict[str, Any]:
    """Ask a consumer to end; return what it says it has done."""
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err
    told: dict[str, Any] = json.loads(out)
    return told


def drain(world: World, wire: Wire) -> None:
    """Let consumers take what is left. What one was sent but had not begun when it was stopped comes back."""
    while left(wire):
        process = world.start(wire)
        until(lambda: left(wire) == 0, process)
        stop(process)


def _lasting(table: Any) -> list[Any]:
    return [column for column in table.columns if column.name not in _VOLATILE]
