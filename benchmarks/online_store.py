"""Materialising states and reading one, beside bare writes and reads of the same bytes in the same store."""

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pyarrow.dataset as ds

from activity_log.settings import Settings, load_settings
from benchmarks.costs import quantile, watched_memory
from benchmarks.ingestion import NOW
from benchmarks.simulated import OPERATOR

REDIS = "redis://127.0.0.1:6379/7"
"""Where Redis is looked for unless BENCH_REDIS_URL names another; the database is emptied."""
PIPELINED = 1_000


class Costs(NamedTuple):
    """What materialising took, and a bare bulk write."""

    seconds: float
    bare_seconds: float
    peak_gigabytes: float


class Reads(NamedTuple):
    """Microseconds of one read, the median."""

    vector: float
    named: float
    bare: float


def online_stores() -> list[tuple[str, str]]:
    """Return the names and settings of the stores that can be measured on this machine."""
    url = os.environ.get("BENCH_REDIS_URL", REDIS)
    place = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        there = probe.connect_ex((place.hostname or "", place.port or 6379)) == 0
    return [("sqlite", "sqlite"), *([("redis", url)] if there else [])]


def measure_materialising(home: Path, online_store: str) -> Costs:
    """Write all built states through Feast, into an empty store, and then bare."""
    from feature_repo.store import open_features

    settings = _settings(home, online_store)
    _emptied(settings)
    features = open_features(settings)
    with watched_memory() as memory:
        started = perf_counter()
        customers = features.materialise(NOW)
        seconds = perf_counter() - started
    rows = _keys_and_states(settings)
    assert customers == len(rows)
    with _bare_store(settings) as bare:
        started = perf_counter()
        bare.write(rows)
        return Costs(seconds, perf_counter() - started, memory.peak / 1_024)


def measure_reading(home: Path, online_store: str, reads: int) -> Reads:
    """Read customers one after the other: as a vector, by name, and bare, the same bytes each time."""
    from feature_repo.services import CHURN
    from feature_repo.store import open_features

    settings = _settings(home, online_store)
    features, rows = open_features(settings), _keys_and_states(settings)
    asked = rows[:: max(1, len(rows) // reads)]
    with _bare_store(settings) as bare:
        bare.write(asked)
        ids = [key.decode().split("\0")[1] for key, _ in asked]
        assert bare.read(asked[0][0]) == asked[0][1]
        assert features.vector(CHURN, OPERATOR, ids[0], NOW) is not None
        return Reads(
            _median(lambda place: features.vector(CHURN, OPERATOR, ids[place], NOW), len(ids)),
            _median(lambda place: features.online(CHURN, OPERATOR, [ids[place]], NOW), len(ids)),
            _median(lambda place: bare.read(asked[place][0]), len(ids)),
        )


def _median(read: Callable[[int], object], count: int) -> float:
    seconds = []
    for place in range(count):
        started = perf_counter()
        read(place)
        seconds.append(perf_counter() - started)
    return quantile(seconds, 0.5) * 1_000_000


def _settings(home: Path, online_store: str) -> Settings:
    return load_settings(home=home, database_url="", online_store=online_store, engine="duckdb")


def _keys_and_states(settings: Settings) -> list[tuple[bytes, bytes]]:
    folder = settings.features_dir / "customer_state" / OPERATOR
    rows = ds.dataset(folder).to_table(columns=["customer_id", "packed"])
    ids, packed = rows["customer_id"].to_pylist(), rows["packed"].to_pylist()
    return [(f"{OPERATOR}\0{customer}".encode(), state) for customer, state in zip(ids, packed, strict=True)]


class _BareSqlite:
    def __init__(self, path: Path):
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS bare (key BLOB PRIMARY KEY, value BLOB)")

    def write(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO bare VALUES (?, ?)", rows)

    def read(self, key: bytes) -> Any:
        return self._connection.execute("SELECT value FROM bare WHERE key = ?", (key,)).fetchone()[0]

    def close(self) -> None:
        self._connection.close()


class _BareRedis:
    def __init__(self, url: str):
        from redis import Redis

        self._client = Redis.from_url(url)

    def write(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        for start in range(0, len(rows), PIPELINED):
            self._client.mset(dict(rows[start : start + PIPELINED]))

    def read(self, key: bytes) -> Any:
        return self._client.get(key)

    def close(self) -> None:
        self._client.close()


@contextmanager
def _bare_store(settings: Settings) -> Iterator[_BareSqlite | _BareRedis]:
    sqlite = settings.online_store == "sqlite"
    store = _BareSqlite(settings.home / "bare.db") if sqlite else _BareRedis(settings.online_store)
    try:
        yield store
    finally:
        store.close()


def _emptied(settings: Settings) -> None:
    if settings.online_store == "sqlite":
        for path in (
            settings.feast_dir / "online.db",
            settings.home / "bare.db",
            settings.feast_dir / "applied",
        ):
            path.unlink(missing_ok=True)
    else:
        from redis import Redis

        with Redis.from_url(settings.online_store) as client:
            client.flushdb()
