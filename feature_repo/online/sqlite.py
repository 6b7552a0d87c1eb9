"""Feast's SQLite online store, for one writer and many readers at once."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from feast import FeatureView, RepoConfig
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from feature_repo.online.stored import Stored, WriteRow, micros_of, moment_of

BUSY_SECONDS = 30.0
ASKED_AT_ONCE = 500
"""Keys in one query; SQLite allows 999 parameters in old builds."""


class WalSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    """As Feast's, under our name."""

    type: str = "feature_repo.online.sqlite.WalSqliteOnlineStore"


class WalSqliteOnlineStore(SqliteOnlineStore):
    """Feast's tables in a file in WAL mode: readers see the last commit while a follower writes the next.

    Each thread has a connection of its own. A value that describes an earlier moment never replaces a later one.
    Moments are kept as microseconds since 1970, UTC.
    """

    def __init__(self) -> None:
        self._threads = threading.local()

    def _get_conn(self, config: RepoConfig) -> sqlite3.Connection:
        if not hasattr(self._threads, "connection"):
            self._threads.connection = _connect(self._get_db_path(config))
        connection: sqlite3.Connection = self._threads.connection
        return connection

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: Sequence[WriteRow],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Write rows in one transaction; readers see all of them or none."""
        with self._get_conn(config) as connection:
            connection.executemany(_upsert(_table(config, table)), _rows(config, data))
        if progress:
            progress(len(data))

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: Sequence[EntityKey],
        requested_features: Sequence[str] | None = None,
    ) -> list[tuple[datetime | None, dict[str, Value] | None]]:
        """Return the moment and the values of each entity; (None, None) for one that was never written."""
        keys = [_key(config, entity) for entity in entity_keys]
        found: dict[bytes, tuple[datetime | None, dict[str, Value]]] = {}
        for feature in requested_features or [field.name for field in table.features]:
            for key, stored in zip(keys, self.reader(config, table, feature).stored(keys), strict=True):
                if stored:
                    _, values = found.setdefault(key, (stored.at, {}))
                    values[feature] = Value.FromString(stored.value)
        return [found.get(key, (None, None)) for key in keys]

    def reader(self, config: RepoConfig, table: FeatureView, feature: str) -> "SqliteReader":
        """Return a reader of one feature."""
        return SqliteReader(lambda: self._get_conn(config), _table(config, table), feature)


class SqliteReader:
    """Reads a feature with a query that is prepared once."""

    away = (sqlite3.OperationalError,)

    def __init__(self, connection: Callable[[], sqlite3.Connection], table: str, feature: str):
        self._connection = connection
        self._feature = feature
        self._one = f'SELECT value FROM "{table}" WHERE entity_key = ? AND feature_name = ?'
        self._many = (
            f'SELECT entity_key, value, event_ts FROM "{table}" WHERE feature_name = ? AND entity_key IN '
        )

    def value(self, key: bytes) -> bytes | None:
        """Return the value under a key."""
        row = self._connection().execute(self._one, (key, self._feature)).fetchone()
        return row[0] if row else None

    def stored(self, keys: Sequence[bytes]) -> list[Stored | None]:
        """Return the values under keys, in their order."""
        found: dict[bytes, Stored] = {}
        for start in range(0, len(keys), ASKED_AT_ONCE):
            found |= self._found(keys[start : start + ASKED_AT_ONCE])
        return [found.get(key) for key in keys]

    def _found(self, keys: Sequence[bytes]) -> dict[bytes, Stored]:
        query = f"{self._many} ({','.join('?' * len(keys))})"
        rows = self._connection().execute(query, (self._feature, *keys))
        return {key: Stored(value, moment_of(at)) for key, value, at in rows}


def _connect(path: str) -> sqlite3.Connection:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, BUSY_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    return connection


def _table(config: RepoConfig, view: FeatureView) -> str:
    return str(compute_table_id(config.project, view, config.registry.enable_online_feature_view_versioning))


def _upsert(table: str) -> str:
    return (
        f'INSERT INTO "{table}" (entity_key, feature_name, value, event_ts, created_ts) VALUES (?, ?, ?, ?, ?) '
        "ON CONFLICT (entity_key, feature_name) DO UPDATE SET "
        "value = excluded.value, event_ts = excluded.event_ts, created_ts = excluded.created_ts "
        "WHERE excluded.event_ts >= event_ts"
    )


def _rows(config: RepoConfig, data: Iterable[WriteRow]) -> Iterator[tuple[Any, ...]]:
    for entity, values, at, known_at in data:
        key = _key(config, entity)
        for feature, value in values.items():
            yield key, feature, value.SerializeToString(), micros_of(at), micros_of(known_at or at)


def _key(config: RepoConfig, entity: EntityKey) -> bytes:
    version = config.entity_key_serialization_version
    return bytes(serialize_entity_key(entity, entity_key_serialization_version=version))
