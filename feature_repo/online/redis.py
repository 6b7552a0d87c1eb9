"""Feast's Redis online store, found by a URL, in which two writers cannot lose the later value."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import _mmh3, _redis_key, compute_versioned_name
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import SecretStr
from redis import Redis, asyncio
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as AwayError
from redis.exceptions import RedisError
from redis.retry import Retry

from feature_repo.online.stored import Stored, WriteRow, micros_of, moment_of

_LIMITS = {"socket_connect_timeout": 3.0, "socket_timeout": 30.0, "health_check_interval": 30}
"""Seconds to reach the server, to get an answer, and after which an idle connection is tried before use."""

_READ_LIMITS = {"socket_connect_timeout": 1.0, "socket_timeout": 1.0, "health_check_interval": 30}
"""Of who reads: whoever waits for an answer can do without the features, and learns that soon."""

WRITTEN_AT_ONCE = 200
"""Customers in one call of the script: Redis answers nobody else meanwhile."""

_WRITE_LATER = """
local fields = #ARGV / #KEYS
for place, key in ipairs(KEYS) do
  local row = {unpack(ARGV, (place - 1) * fields + 1, place * fields)}
  local stored = redis.call('HGET', key, row[1])
  if not stored or tonumber(stored) <= tonumber(row[2]) then
    redis.call('HSET', key, unpack(row))
  end
end
"""
"""KEYS: entities. ARGV per entity: fields and values, first the moment in microseconds, which decides."""


def _key(config: RepoConfig, entity: EntityKey) -> bytes:
    return bytes(_redis_key(config.project, entity, config.entity_key_serialization_version))


class UrlRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """As Feast's, under our name, with the URL of the server: redis:// or rediss:// (TLS)."""

    type: str = "feature_repo.online.redis.UrlRedisOnlineStore"
    url: SecretStr


class UrlRedisOnlineStore(RedisOnlineStore):
    """Feast's keys and fields. A value that describes an earlier moment never replaces a later one.

    Feast reads the stored moments first and writes then, so that of two writers the slower wins; here the server
    decides, entity by entity. The exact moment stands in a field of its own.
    """

    _client: Redis | None = None
    _client_async: asyncio.Redis | None = None

    def _get_client(self, online_store_config: UrlRedisOnlineStoreConfig) -> Redis:
        if self._client is None:
            self._client = Redis.from_url(online_store_config.url.get_secret_value(), **_LIMITS)
        return self._client

    async def _get_client_async(self, online_store_config: UrlRedisOnlineStoreConfig) -> asyncio.Redis:
        if self._client_async is None:
            self._client_async = asyncio.Redis.from_url(online_store_config.url.get_secret_value(), **_LIMITS)
        return self._client_async

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: Sequence[WriteRow],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Write rows; readers see each customer's old or new row, never parts of both."""
        client = self._get_client(config.online_store)
        write, fields = client.register_script(_WRITE_LATER), _Fields(config, table)
        for start in range(0, len(data), WRITTEN_AT_ONCE):
            rows = data[start : start + WRITTEN_AT_ONCE]
            keys = [
                _redis_key(config.project, entity, config.entity_key_serialization_version)
                for entity, *_ in rows
            ]
            write(keys, [part for _, values, at, _ in rows for part in fields.row(values, at)])
            if progress:
                progress(len(rows))

    def reader(self, config: RepoConfig, table: FeatureView, feature: str) -> "RedisReader":
        """Return a reader of one feature."""
        once_more = Retry(NoBackoff(), 1, supported_errors=(AwayError,))  # on a connection that is not stale
        url = config.online_store.url.get_secret_value()
        client = Redis.from_url(url, retry=once_more, **_READ_LIMITS)
        return RedisReader(client, _Fields(config, table), feature)


class RedisReader:
    """Reads a feature by the names of its fields, made once."""

    away = (RedisError,)

    def __init__(self, client: Redis, fields: "_Fields", feature: str):
        self._client = client
        self._project = fields.project
        self._value, self._at = fields.name(feature), fields.at

    def value(self, key: bytes) -> bytes | None:
        """Return the value under a key."""
        value: bytes | None = self._client.hget(key + self._project, self._value)
        return value

    def stored(self, keys: Sequence[bytes]) -> list[Stored | None]:
        """Return the values under keys, in their order."""
        with self._client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hmget(key + self._project, (self._value, self._at))
            rows = pipe.execute()
        return [Stored(value, moment_of(int(at))) if value and at else None for value, at in rows]


class _Fields:
    """The names that Feast gives to the fields of a view in an entity's hash."""

    def __init__(self, config: RepoConfig, view: FeatureView):
        self._view = compute_versioned_name(view, config.registry.enable_online_feature_view_versioning)
        self._moment = f"_ts:{self._view}".encode()
        self.at = f"_at:{self._view}".encode()
        self.project = config.project.encode()

    def name(self, feature: str) -> bytes:
        return bytes(_mmh3(f"{self._view}:{feature}"))

    def row(self, values: Mapping[str, Value], at: datetime) -> list[Any]:
        """Return fields and values in turn, the moment in microseconds first."""
        moment = Timestamp()
        moment.FromDatetime(at)
        row = [self.at, micros_of(at), self._moment, moment.SerializeToString()]
        for feature, value in values.items():
            row += self.name(feature), value.SerializeToString()
        return row
