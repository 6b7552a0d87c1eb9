"""Telling features from a customer's packed state, right at the moment of reading."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from activity_log.errors import BusflowError
from feature_repo.definitions import FeatureGroup, Stream
from feature_repo.expressions.moving import Now
from feature_repo.groups import GROUPS
from feature_repo.state import HEADER, Floats, layout

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 1_000_000.0

Values = dict[str, Any]
"""Numbers as floats (NaN: null), moments as microseconds since 1970, texts and lists as they are."""


class StateLayoutError(BusflowError):
    """A state was packed by other definitions of the features."""


class Reading:
    """The features `names`, in that order. Raises LookupError for a name that no group defines."""

    def __init__(self, names: Sequence[str]):
        features = {one.name: one for group in GROUPS for one in group.features}
        unknown = [name for name in names if name not in features]
        if unknown:
            raise LookupError(f"no feature is called '{unknown[0]}'")
        self.names = tuple(names)
        self._layout = layout()
        self._fingerprint = self._layout.fingerprint
        self._steps = [_Step(group) for group in GROUPS if _moves(group, names)]
        moving_texts = any(
            stream.texts for group in GROUPS if _moves(group, names) for stream in group.streams
        )
        self._reads_texts = moving_texts or not {*self._layout.texts}.isdisjoint(names)
        self._told = [(name, _TELL[features[name].dtype]) for name in names]
        self._scale = np.array([1 / _MICROSECONDS if name in self._layout.moments else 1.0 for name in names])

    def row(self, packed: bytes, now: datetime) -> dict[str, Any]:
        """Return the features by name, None for null. Raises StateLayoutError."""
        values = self._values(packed, now)
        return {name: tell(values[name]) for name, tell in self._told}

    def vector(self, packed: bytes, now: datetime) -> npt.NDArray[np.float64]:
        """Return the features, all of numbers, as (features,): NaN for null, moments in seconds since 1970.

        Raises StateLayoutError.
        """
        values = self._values(packed, now)
        vector: Floats = np.array([values[name] for name in self.names]) * self._scale
        return vector

    def _values(self, packed: bytes, now: datetime) -> Values:
        fingerprint, size = HEADER.unpack_from(packed)
        if fingerprint != self._fingerprint:
            raise StateLayoutError(
                "a customer's state was packed by other definitions of the features: run `busflow features build`"
            )
        shape, values = self._layout, SimpleNamespace()
        floats = np.frombuffer(packed, "<f8", size, HEADER.size)
        texts = json.loads(packed[HEADER.size + 8 * size :]) if self._reads_texts else []
        values.__dict__.update(zip(shape.numbers, floats[: len(shape.numbers)].tolist(), strict=True))
        values.__dict__.update(zip(shape.texts, texts, strict=False))
        streams = _streams(shape.streams, floats[len(shape.numbers) :], texts[len(shape.texts) :])
        at = Now.of_reading(now)
        for step in self._steps:
            step.take(values, streams, at)
        return values.__dict__


class _Step:
    """What moves in one group."""

    def __init__(self, group: FeatureGroup):
        self._moving = group.moving
        self._streams = [(stream.name, stream.windows, stream.windows_of_nothing) for stream in group.streams]

    def take(self, values: SimpleNamespace, streams: Mapping[str, SimpleNamespace], now: Now) -> None:
        """Add what moves in the group to the values."""
        for name, windows, of_nothing in self._streams:
            rows = streams.get(name)
            values.__dict__.update(windows(rows, now) if rows else of_nothing)
        values.__dict__.update(self._moving(values, now))


def _moves(group: FeatureGroup, names: Sequence[str]) -> bool:
    settled = {one.name for one in group.settled}
    return any(one.name in names and one.name not in settled for one in group.features)


def _streams(
    streams: Sequence[Stream], floats: Floats, texts: Sequence[list[str]]
) -> dict[str, SimpleNamespace]:
    """Cut out the rows of each stream that has any: by name, an array per number and a list per text."""
    found, at, told = {}, len(streams), iter(texts)
    for stream, length in zip(streams, floats[:at].astype(np.int64).tolist(), strict=True):
        columns: Values = {}
        for name in stream.numbers:
            columns[name] = floats[at : at + length]
            at += length
        for name in stream.texts:
            columns[name] = next(told, [])
        if length:
            found[stream.name] = SimpleNamespace(**columns)
    return found


def _integer(value: float) -> int | None:
    return None if math.isnan(value) else round(value)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _flag(value: float) -> bool | None:
    return None if math.isnan(value) else bool(value)


def _moment(value: float) -> datetime | None:
    return None if math.isnan(value) else _EPOCH + timedelta(microseconds=round(value))


def _as_it_is(value: Any) -> Any:
    return value


_TELL: Mapping[str, Callable[[Any], Any]] = {
    "int64": _integer,
    "float64": _number,
    "bool": _flag,
    "timestamp": _moment,
    "string": _as_it_is,
    "array<string>": _as_it_is,
    "array<int64>": _as_it_is,
}
