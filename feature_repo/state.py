"""What is kept of a customer online, so that every feature can be told at any later moment: one packed value.

A state holds the settled columns of all groups and, per stream, the rows that a window may still count. Packed it is
the layout's fingerprint and the number of floats (16 bytes), the floats, little-endian: the settled numbers (NaN:
null), the length of each stream, and the numbers of each stream column by column; then the texts as JSON.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from activity_log.facts.tables import MOMENT
from feature_repo.definitions import Stream
from feature_repo.expressions.clocks import Facts, Known, beside
from feature_repo.groups import GROUPS

HEADER = struct.Struct("<8sQ")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Which column stands where in a packed state. moments: numbers that are microseconds since 1970."""

    numbers: tuple[str, ...]
    moments: frozenset[str]
    texts: tuple[str, ...]
    streams: tuple[Stream, ...]

    @property
    def fingerprint(self) -> bytes:
        """Eight bytes that differ between layouts."""
        streams = [(stream.name, stream.numbers, stream.texts) for stream in self.streams]
        told = repr((self.numbers, sorted(self.moments), self.texts, streams))
        return hashlib.blake2b(told.encode(), digest_size=8).digest()


@cache
def layout() -> Layout:
    """Return the layout that follows from the definitions."""
    settled = [one for group in GROUPS for one in group.settled]
    texts = tuple(one.name for one in settled if one.dtype == "string" or one.dtype.startswith("array"))
    hidden = tuple(name for group in GROUPS for name in group.hidden)
    return Layout(
        numbers=(*(one.name for one in settled if one.name not in texts), *hidden),
        moments=frozenset(one.name for one in settled if one.dtype == "timestamp"),
        texts=texts,
        streams=tuple(stream for group in GROUPS for stream in group.streams),
    )


def customer_state(facts: Facts, as_of: ir.Table, known: Known | None = None) -> ir.Table:
    """Return the state of each row of `as_of`: operator_id, customer_id, as_of, settled columns, streams as lists.

    known: as in `FeatureGroup.expression`.
    """
    known = known or Known.of(facts, as_of)
    return beside(as_of, *(group.state(facts, as_of, known) for group in GROUPS))


def pack(rows: pa.Table) -> pa.Array:
    """Pack rows of `customer_state`; return one binary value per row, in their order."""
    shape = layout()
    streams = [_StreamRows.of(rows, stream) for stream in shape.streams]
    floats, starts = _floats(rows, shape, streams)
    texts = zip(*_texts(rows, shape, streams), strict=True) if shape.texts else iter([()] * len(rows))
    buffer, fingerprint = memoryview(floats.data).cast("B"), shape.fingerprint
    packed = [
        b"".join(
            (
                HEADER.pack(fingerprint, end - start),
                buffer[start * 8 : end * 8],
                json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(),
            )
        )
        for start, end, told in zip(starts[:-1].tolist(), starts[1:].tolist(), texts, strict=True)
    ]
    return pa.array(packed, pa.binary())


@dataclass(frozen=True)
class _StreamRows:
    """A stream of many customers. lengths: (customers,); owner: (rows,), whose each row is; the rest: (rows,)."""

    lengths: npt.NDArray[np.int64]
    owner: npt.NDArray[np.int64]
    numbers: tuple[Floats, ...]
    texts: tuple[npt.NDArray[np.str_], ...]

    @classmethod
    def of(cls, rows: pa.Table, stream: Stream) -> "_StreamRows":
        """Flatten a column of lists; within a customer the rows are put in the order of their values."""
        lists = rows[stream.name].combine_chunks()
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        flat = lists.flatten()
        owner = np.repeat(np.arange(len(lists)), lengths)
        numbers = [_float_column(pc.struct_field(flat, name)) for name in stream.numbers]
        texts = [np.asarray(pc.struct_field(flat, name).to_pylist(), dtype=np.str_) for name in stream.texts]
        order = np.lexsort([*reversed(texts), *reversed(numbers), owner])
        return cls(lengths, owner, tuple(one[order] for one in numbers), tuple(one[order] for one in texts))

    def places(self) -> npt.NDArray[np.int64]:
        """Return the place of each row among the rows of its customer."""
        before = np.cumsum(self.lengths) - self.lengths
        return np.arange(len(self.owner)) - before[self.owner]


def _floats(
    rows: pa.Table, shape: Layout, streams: Sequence[_StreamRows]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return all floats of all rows, one after the other, and where each row begins (and the last one ends)."""
    settled = np.column_stack(
        [_float_column(rows[name].combine_chunks()) for name in shape.numbers]
        + [stream.lengths.astype(np.float64) for stream in streams]
    )
    sizes = settled.shape[1] + sum(stream.lengths * len(stream.numbers) for stream in streams)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    floats = np.empty(starts[-1])
    floats[starts[:-1, None] + np.arange(settled.shape[1])] = settled
    at = starts[:-1] + settled.shape[1]
    for stream in streams:
        places = stream.places()
        for column in stream.numbers:
            floats[at[stream.owner] + places] = column
            at = at + stream.lengths
    return floats, starts


def _texts(rows: pa.Table, shape: Layout, streams: Sequence[_StreamRows]) -> Iterator[list[Any]]:
    yield from (rows[name].to_pylist() for name in shape.texts)
    for stream in streams:
        ends = np.cumsum(stream.lengths)
        for column in stream.texts:
            yield [part.tolist() for part in np.split(column, ends)[:-1]]


def _float_column(column: pa.Array) -> Floats:
    if pa.types.is_timestamp(column.type):
        column = column.cast(MOMENT).cast(pa.int64())
    values: Floats = pa.chunked_array([column.cast(pa.float64())]).to_numpy()
    return values
