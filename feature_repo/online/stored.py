"""What both online stores give of a customer, in Feast's own format."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

WriteRow = tuple[EntityKey, Mapping[str, Value], datetime, datetime | None]
"""Feast's: whose, the features by name, the moment they describe, when they were computed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Stored(NamedTuple):
    """A value of the online store. value: a serialized Feast `Value`; at: the moment it describes, UTC."""

    value: bytes
    at: datetime


class ValueReader(Protocol):
    """Reads the one feature of one view by serialized entity keys; None: nothing is stored under a key."""

    away: tuple[type[Exception], ...]
    """What is raised while the store cannot be reached."""

    def value(self, key: bytes) -> bytes | None:
        """Return the value under a key, without its moment."""

    def stored(self, keys: Sequence[bytes]) -> list[Stored | None]:
        """Return the values under keys, in their order."""


def micros_of(moment: datetime) -> int:
    """Return microseconds since 1970, UTC. Feast's SQLite store keeps whole seconds, of the machine's zone."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(micros: int) -> datetime:
    """Return the moment so many microseconds after 1970, UTC."""
    return _EPOCH + micros * _MICROSECOND
