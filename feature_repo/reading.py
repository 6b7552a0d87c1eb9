"""Telling features from a customer's packed state, right at the moment of reading."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

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
    """The features `names`, in that order. Raises LookupError for a name that no group defines.

    It looks at no more of a state than these features need: thousands of customers are read a second.
    """

    def __init__(self, names: Sequence[str]):
        features = {one.name: one for group in GROUPS for one in group.features}
        unknown = [name for name in names if name not in features]
        if unknown:
            raise LookupError(f"no feature is called '{unknown[0]}'")
        self.names = tuple(names)
        self._layout = layout()
        self._fingerprint = self._layout.fingerprint
        self._steps = [_Step(group, names) for group in GROUPS if _moves(group, names)]
        inputs = {name for step in self._steps for name in step.inputs} | set(names)
        self._inputs = [(at, name) for at, name in enumerate(self._layout.numbers) if name in inputs]
        needed = {name for step in self._steps for name in step.streams}
        self._streams = [_Place(one.name in needed, one) for one in self._layout.streams]
        reads = any(place.is_needed and place.stream.texts for place in self._streams)
        self._reads_texts = reads or not {*self._layout.texts}.isdisjoint(names)
        self._told = [(name, _TELL[features[name].dtype]) for name in names]
        self._moments = [at for at, name in enumerate(names) if name in self._layout.moments]

    def row(self, packed: bytes, now: datetime) -> dict[str, Any]:
        """Return the features by name, None for null. Raises StateLayoutError."""
        values = self._values(packed, now)
        return {name: tell(values[name]) for name, tell in self._told}

    def vector(self, packed: bytes, now: datetime) -> npt.NDArray[np.float64]:
        """Return the features, all of numbers, as (features,): NaN for null, moments in seconds since 1970.

        Raises StateLayoutError.
        """
        values = self._values(packed, now)
        vector: Floats = np.array([values[name] for name in self.names])
        if self._moments:
            vector[self._moments] /= _MICROSECONDS
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
        settled = floats[: len(shape.numbers) + len(shape.streams)].tolist()
        known = values.__dict__
        for place, name in self._inputs:
            known[name] = settled[place]
        known.update(zip(shape.texts, texts, strict=False))
        if self._steps:
            streams = self._rows(settled, floats, texts[len(shape.texts) :])
            at = _now(now)
            for step in self._steps:
                step.take(values, streams, at)
        return known

    def _rows(
        self, settled: Sequence[float], floats: Floats, texts: Sequence[list[str]]
    ) -> dict[str, SimpleNamespace]:
        """Cut out the rows of the streams needed that have any: by name, an array per number, a list per text."""
        found, at, told = {}, len(settled), 0
        lengths = settled[len(self._layout.numbers) :]
        for (is_needed, stream), length in zip(self._streams, map(int, lengths), strict=True):
            end = at + length * len(stream.numbers)
            if length and is_needed:
                rows = found[stream.name] = SimpleNamespace()
                rows.__dict__.update(zip(stream.numbers, floats[at:end].reshape(-1, length), strict=True))
                rows.__dict__.update(zip(stream.texts, texts[told:], strict=False))
            at, told = end, told + len(stream.texts)
        return found


class _Place(NamedTuple):
    """A stream in the layout, and whether its rows are looked at."""

    is_needed: bool
    stream: Stream


class _Step:
    """What moves in one group, as far as these names need it."""

    def __init__(self, group: FeatureGroup, names: Sequence[str]):
        self._moving = None if group.follows.outputs.isdisjoint(names) else group.moving
        self.inputs = group.follows.inputs if self._moving else frozenset()
        wanted = self.inputs.union(names)
        streams = [one for one in group.streams if not wanted.isdisjoint(one.windows_of_nothing)]
        self.streams = frozenset(one.name for one in streams)
        self._windows = [(one.name, one.windows, one.windows_of_nothing) for one in streams]

    def take(self, values: SimpleNamespace, streams: Mapping[str, SimpleNamespace], now: Now) -> None:
        """Add what moves in the group to the values."""
        for name, windows, of_nothing in self._windows:
            rows = streams.get(name)
            values.__dict__.update(windows(rows, now) if rows else of_nothing)
        if self._moving:
            values.__dict__.update(self._moving(values, now))


@lru_cache(maxsize=16)
def _now(moment: datetime) -> Now:
    return Now.of_reading(moment)


def _moves(group: FeatureGroup, names: Sequence[str]) -> bool:
    settled = {one.name for one in group.settled}
    return any(one.name in names and one.name not in settled for one in group.features)


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
