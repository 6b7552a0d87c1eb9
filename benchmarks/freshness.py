"""How fresh the online features are: from an event accepted to its value readable, and after an outage."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from json import dumps
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import select

from activity_log import schema
from activity_log.clock import utc_now
from activity_log.database import Database, open_log
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import ingest_events
from activity_log.operators import register_operator
from activity_log.settings import Settings, load_settings
from benchmarks.figure import Bound, Figure
from benchmarks.ingestion import NOW
from benchmarks.online_store import online_stores
from benchmarks.simulated import EVENTS_PER_CUSTOMER, OPERATOR, simulated

if TYPE_CHECKING:
    from benchmarks.sizes import Sizes
    from feature_repo.store import CustomerFeatures

LOOK_SECONDS = 0.005
MOST_MS = 1_000.0

Step = tuple[str, Callable[[], list[Figure]]]
Person = tuple[str, str]
"""person_profile_id, customer_id"""


class Load(BaseSettings):
    """What is sent, by BENCH_FRESH_...: RATE per second for SECONDS, to CUSTOMERS; MISSED events in an outage."""

    model_config = SettingsConfigDict(env_prefix="BENCH_FRESH_", extra="ignore", frozen=True)

    customers: int = Field(default=5_000, ge=100)
    rate: int = Field(default=100, ge=1)
    seconds: int = Field(default=60, ge=1)
    missed: int = Field(default=5_000, ge=100)


def steps(_sizes: "Sizes") -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    load = Load()
    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        full = Path(folder) / "full"
        yield f"a log of {load.customers:,} customers", partial(_fill, full, load)
        for store, url in online_stores():
            home = Path(folder) / store
            yield f"freshness, {store}", partial(_measure, full, home, store, url, load)


def _fill(home: Path, load: Load) -> list[Figure]:
    settings = load_settings(home=home, database_url="")
    with closing(open_log(settings)) as database:
        register_operator(database, OPERATOR, now=NOW)
        events = simulated(home / "events.jsonl", load.customers * EVENTS_PER_CUSTOMER)
        ingest_file(database, events, now=NOW)
        events.unlink()
    return []


def _measure(full: Path, home: Path, store: str, url: str, load: Load) -> list[Figure]:
    from feature_repo.store import open_features

    shutil.copytree(full, home)
    settings = load_settings(home=home, database_url="", online_store=url)
    features = open_features(settings)
    with closing(open_log(settings)) as database:
        sent = Sent(database, features, _people(database))
        with _follower(settings):
            sent.wait_for_first()
            sent.send(load)
        seconds = _catch_up(database, features, sent, load.missed)
    return _figures(sorted(sent.seconds), load.missed / seconds, store, load)


@dataclass
class Sent:
    """Events that were accepted, and how long each took to be readable."""

    database: Database
    features: "CustomerFeatures"
    people: list[Person]
    seconds: list[float] = field(default_factory=list)
    _pending: list[tuple[str, datetime, float]] = field(default_factory=list)
    _adding: threading.Lock = field(default_factory=threading.Lock)
    _chance: Random = field(default_factory=lambda: Random(7))

    def wait_for_first(self) -> None:
        """Wait until the follower has been through everything that was there before."""
        self.accept(1)
        self._look_until_read(timedelta(minutes=10))
        self.seconds.clear()

    def send(self, load: Load) -> None:
        """Send at a steady rate, and look at the online store meanwhile."""
        ended = threading.Event()
        looking = threading.Thread(target=self._look, args=(ended,))
        looking.start()
        begun = time.perf_counter()
        for number in range(load.rate * load.seconds):
            time.sleep(max(0.0, begun + number / load.rate - time.perf_counter()))
            self.accept(1)
        ended.set()
        looking.join()
        self._look_until_read(timedelta(minutes=1))

    def accept(self, events: int) -> None:
        """Bring events in, as the service does; each is about somebody else."""
        now = utc_now()
        about = self._chance.sample(self.people, events)
        raws = [dumps(self._event(person, now)).encode() for person, _ in about]
        receipt = ingest_events(self.database, raws, way="http", now=now)
        assert receipt.accepted == events, receipt
        accepted = time.perf_counter()
        with self._adding:
            self._pending += [(customer_id, now, accepted) for _, customer_id in about]

    def _event(self, person: str, now: datetime) -> dict[str, Any]:
        id_ = f"{self._chance.getrandbits(64):x}"
        type_, source, data = self._chance.choice([_message, _abandonment, _booking])(person, id_)
        return {
            "id": id_, "source": source, "type": type_, "time": now.isoformat(), "operatorid": OPERATOR,
            "data": data,
        }  # fmt: skip

    def _look(self, ended: threading.Event) -> None:
        while not ended.wait(LOOK_SECONDS):
            self._look_once()

    def _look_until_read(self, longest: timedelta) -> None:
        until = time.perf_counter() + longest.total_seconds()
        while self._pending:
            self._look_once()
            time.sleep(LOOK_SECONDS)
            assert time.perf_counter() < until, f"{len(self._pending)} events are not readable"

    def _look_once(self) -> None:
        """See whose state holds the event by now: states of a later moment do."""
        with self._adding:
            waiting, self._pending = self._pending, []
        states = self.features.stored(OPERATOR, [customer_id for customer_id, _, _ in waiting])
        read = time.perf_counter()
        is_read = [
            state is not None and state.known_at > one[1] for one, state in zip(waiting, states, strict=True)
        ]
        self.seconds += [read - one[2] for one, done in zip(waiting, is_read, strict=True) if done]
        with self._adding:
            self._pending += [one for one, done in zip(waiting, is_read, strict=True) if not done]


def _message(person: str, id_: str) -> tuple[str, str, dict[str, Any]]:
    told = {"message_id": f"m{id_}", "contact_id": f"c-{person}", "channel": "email"}
    return "MessageRead", "communications", told | {"person_profile_id": person}


def _abandonment(person: str, id_: str) -> tuple[str, str, dict[str, Any]]:
    told = {"session_id": id_, "person_profile_id": person, "tour_id": "t-none", "step": "seats"}
    return "CheckoutAbandoned", "commerce", told


def _booking(person: str, id_: str) -> tuple[str, str, dict[str, Any]]:
    told = {
        "booking_id": f"b{id_}", "booker_profile_id": person, "tour_id": "t-none", "departure_id": "d-none",
        "departure_date": "2027-05-01", "total_amount": "499.00", "currency": "EUR", "sales_channel": "web",
        "travellers": [{"person_profile_id": person}, {}],
    }  # fmt: skip
    return "BookingConfirmed", "commerce", told


def _people(database: Database) -> list[Person]:
    """Return who counts as themselves: of the others no state is kept."""
    from activity_log.merging import merged_away

    table = schema.person_profile
    query = select(table.c.person_profile_id, table.c.customer_id).where(table.c.operator_id == OPERATOR)
    with database.reading() as connection:
        away = merged_away(connection, OPERATOR)
        rows = connection.execute(query.order_by(table.c.person_profile_id)).all()
    return [(person, customer_id) for person, customer_id in rows if customer_id not in away]


@contextmanager
def _follower(settings: Settings) -> Iterator[None]:
    """Run `busflow features follow` in a process of its own."""
    from busflow.commands.running import serve_environment

    command = [str(Path(sys.executable).with_name("busflow")), "features", "follow"]
    own = {"BUSFLOW_ONLINE_STORE": settings.online_store, "BUSFLOW_DATABASE_URL": ""}
    environment = serve_environment(settings) | own
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def _catch_up(database: Database, features: "CustomerFeatures", sent: Sent, missed: int) -> float:
    """Return the seconds it takes to catch up with what came while nobody followed."""
    from feature_repo.freshness.following import Following

    following = Following(database, features, utc_now)
    following.catch_up()
    for _ in range(missed // 100):
        sent.accept(100)
    begun = time.perf_counter()
    following.catch_up()
    return time.perf_counter() - begun


def _figures(seconds: list[float], rate: float, store: str, load: Load) -> list[Figure]:
    name = f"event accepted to value readable at {load.rate} events/s"
    at = {share: seconds[min(len(seconds) - 1, int(len(seconds) * share))] * 1_000 for share in (0.5, 0.99)}
    return [
        Figure(f"{name}: median", "ms", at[0.5], store=store),
        Figure(f"{name}: p99", "ms", at[0.99], bound=MOST_MS, direction=Bound.AT_MOST, store=store),
        Figure(f"catching up with {load.missed:,} events", "events/s", rate, store=store),
    ]
