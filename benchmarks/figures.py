"""The figures. A later change adds its own here, with the floor it names."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

from activity_log.database import open_log
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import Settings, load_settings
from feature_repo.build import build_features
from feature_repo.services import CHURN
from simulator import SimulationSpec, simulate, write
from training.workbench import Workbench

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OPERATOR = "nordlicht"
REPEATS = 5


@dataclass(frozen=True)
class Figure:
    """A measurement. ratio: value per floor. bound: what the ratio may not fall below; None: no bound is set."""

    name: str
    unit: str
    value: float
    floor: float
    bound: float | None = None

    @property
    def ratio(self) -> float:
        """Value per floor."""
        return self.value / self.floor

    @property
    def holds(self) -> bool | None:
        """Whether the bound is kept."""
        return None if self.bound is None else self.ratio >= self.bound


def measure_all(home: Path) -> list[Figure]:
    """Measure on a simulated operator of 5,000 customers and five years, in the empty folder `home`."""
    settings = load_settings(home=home)
    simulation = simulate(SimulationSpec(customers=5_000, until=date(2026, 11, 1)))
    events = home / "events.jsonl"
    write(simulation, events, home / "truth.json")
    return [
        _ingestion(settings, events, len(simulation.events)),
        _feature_build(settings),
        _online_read(settings),
    ]


def _ingestion(settings: Settings, events: Path, count: int) -> Figure:
    """Return events per second into the log, validated and projected, beside bare inserts of the same lines."""
    database = open_log(settings)
    register_operator(database, OPERATOR, now=NOW)
    ours = _seconds(lambda: ingest_file(database, events, now=NOW))
    floor = _seconds(lambda: _bare_insert(settings.home / "bare.db", events))
    return Figure("ingestion of a file", "events/s", count / ours, count / floor)


def _bare_insert(path: Path, events: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, data TEXT NOT NULL)")
    with connection, events.open() as lines:
        connection.executemany("INSERT INTO event (data) VALUES (?)", ((line,) for line in lines))
    connection.close()


def _feature_build(settings: Settings) -> Figure:
    """Return customers per second of a full build of all features, beside a count of their bookings."""
    bench = Workbench.open(settings, open_log(settings), OPERATOR)
    customers = 0

    def build() -> None:
        nonlocal customers
        customers = build_features(bench.files, settings.features_dir, OPERATOR, [NOW])

    ours = _seconds(build)
    bookings = bench.facts.bookings
    floor = _seconds(lambda: bench.frame(bookings.group_by("customer_id").agg(n=bookings.count())))
    bench.features.materialise(NOW)
    return Figure("full feature build", "customers/s", customers / ours, customers / floor)


def _online_read(settings: Settings) -> Figure:
    """Return reads per second of one customer's churn features, beside a bare read of the store."""
    bench = Workbench.open(settings, open_log(settings), OPERATOR)
    customer_id = str(bench.frame(bench.facts.profiles.select("customer_id").limit(1)).iloc[0, 0])
    store = sqlite3.connect(settings.feast_dir / "online.db")
    ours = min(
        _seconds(lambda: bench.features.online(CHURN, OPERATOR, [customer_id])) for _ in range(REPEATS)
    )
    query = "SELECT value FROM busflow_customer_booking LIMIT 30"
    floor = min(_seconds(lambda: store.execute(query).fetchall()) for _ in range(REPEATS))
    store.close()
    return Figure("online read of the churn features", "reads/s", 1 / ours, 1 / floor)


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
