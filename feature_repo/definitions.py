"""What a feature is: its name and meaning, and the group of columns that is computed together.

A group is made of parts, which stay as they are while nothing happens; of streams, rows of a customer that are
counted in windows of time; and of what follows from both at a moment. `FeatureGroup.expression` gives the features
at the moments of a build, `FeatureGroup.state` what must be kept of a customer to know them at any later moment.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np

from feature_repo.expressions.clocks import ROW, Facts, Known, beside
from feature_repo.expressions.moving import Now, Value


@dataclass(frozen=True)
class Unit:
    """What a value is measured in, and between which bounds (inclusive) it makes sense; None: no bound."""

    name: str
    low: float | None = 0.0
    high: float | None = None


COUNT = Unit("count")
DAYS = Unit("days")
SIGNED_DAYS = Unit("days", low=None)
HOURS = Unit("hours")
MINUTES = Unit("minutes", low=None)
NIGHTS = Unit("nights", low=0, high=365)
MONEY = Unit("money, in the operator's currency")
SHARE = Unit("share", low=0, high=1)
RATIO = Unit("ratio")
SEATS = Unit("seats", low=0)
MONTH = Unit("month (1-12)", low=1, high=12)
MONTHS = Unit("months (0-11)", low=0, high=11)
RATING = Unit("rating (1-5)", low=1, high=5)
NPS = Unit("answer (0-10)", low=0, high=10)
MOMENT = Unit("moment, UTC", low=None)
TEXT = Unit("text", low=None)
TEXTS = Unit("texts", low=None)
FLAG = Unit("yes or no", low=None)


@dataclass(frozen=True)
class Feature:
    """One column. `null` says what a missing value means; empty: it is never missing."""

    name: str
    dtype: str
    unit: Unit
    meaning: str
    null: str = ""

    @property
    def explained(self) -> str:
        """The meaning, with the unit where the meaning does not say it."""
        return self.meaning if self.unit.name in self.meaning else f"{self.meaning} ({self.unit.name})"


_ANY_TIME = Now.of_reading(datetime(2000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Stream:
    """Rows of a customer of which some are counted, and which changes with time.

    rows: operator_id, customer_id, as_of and more. settled: aggregates that stay. windows:
    aggregates that move, of the columns `numbers` and `texts`. lasting: which rows may still be in a window at this
    moment or a later one; None: all.
    """

    name: str
    rows: Callable[[Facts, Known], ir.Table]
    windows: Callable[[Any, Now], Mapping[str, Value]]
    numbers: tuple[str, ...]
    texts: tuple[str, ...] = ()
    settled: Callable[[ir.Table], Mapping[str, ir.Value]] = lambda _rows: {}
    lasting: Callable[[ir.Table, Now], ir.BooleanValue] | None = None

    @cached_property
    def windows_of_nothing(self) -> Mapping[str, Value]:
        """The windows of somebody without a row, whenever that is."""
        empty = SimpleNamespace(**dict.fromkeys((*self.numbers, *self.texts), np.empty(0)))
        return self.windows(empty, _ANY_TIME)


@dataclass(frozen=True)
class FeatureGroup:
    """Features that are computed together; one Feast view each.

    parts: tables of operator_id, customer_id, as_of and settled columns. moving: from all
    these columns by name, and the moment, the features that move with it. hidden: settled columns of numbers that
    are no feature themselves.
    """

    name: str
    meaning: str
    features: tuple[Feature, ...]
    parts: Callable[[Facts, Known], tuple[ir.Table, ...]] = lambda _facts, _known: ()
    streams: tuple[Stream, ...] = ()
    moving: Callable[[Any, Now], Mapping[str, Value]] = lambda _values, _now: {}
    hidden: tuple[str, ...] = ()

    def expression(self, facts: Facts, as_of: ir.Table, known: Known | None = None) -> ir.Table:
        """Return the features of each row of `as_of`: operator_id, customer_id, as_of, and a column per feature.

        known: what follows from facts and as_of, where the caller keeps it already.
        """
        known = known or Known.of(facts, as_of)
        counted = [_counted(stream, stream.rows(facts, known)) for stream in self.streams]
        table = self._filled(beside(as_of, *self.parts(facts, known), *counted))
        table = table.mutate(**self.moving(table, Now.of_rows(table.as_of)))
        return table.select(
            *ROW, **{one.name: table[one.name].cast(_ibis(one.dtype)) for one in self.features}
        )

    def state(self, facts: Facts, as_of: ir.Table, known: Known | None = None) -> ir.Table:
        """Return what must be kept of each row of `as_of`.

        operator_id, customer_id, as_of, the settled features, the hidden columns, and per stream, under its name,
        a list of rows.
        """
        known = known or Known.of(facts, as_of)
        kept = [_kept(stream, stream.rows(facts, known)) for stream in self.streams]
        table = self._filled(beside(as_of, *self.parts(facts, known), *kept))
        settled = {one.name: table[one.name].cast(_ibis(one.dtype)) for one in self.settled}
        streams = [stream.name for stream in self.streams]
        return table.select(
            *ROW,
            **settled,
            **{name: table[name].cast("float64") for name in self.hidden},
            **{name: table[name] for name in streams},
        )

    @cached_property
    def settled(self) -> tuple[Feature, ...]:
        """The features that stay as they are while nothing happens."""
        windows = {name for stream in self.streams for name in stream.windows_of_nothing}
        return tuple(one for one in self.features if one.name not in windows | self.follows.outputs)

    @cached_property
    def follows(self) -> "Follows":
        """What `moving` looks at, and what it tells."""
        asked = _Asked()
        outputs = self.moving(asked, _ANY_TIME)
        return Follows(frozenset(asked.names), frozenset(outputs))

    def _filled(self, table: ir.Table) -> ir.Table:
        """Write zeros where a customer has no row of a stream and the feature is never missing."""
        zeros = {
            one.name: table[one.name].fill_null(_ZEROS[one.dtype])
            for one in self.features
            if not one.null and one.dtype in _ZEROS and one.name in table.columns
        }
        return table.mutate(**zeros) if zeros else table


class Follows(NamedTuple):
    """Names of columns, and names of the features that follow from them at a moment."""

    inputs: frozenset[str]
    outputs: frozenset[str]


class _Asked:
    """Is null in all that it is asked for, and remembers what that was."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> float:
        self.names.add(name)
        return math.nan


_ZEROS: Mapping[str, Any] = {"int64": 0, "float64": 0.0, "bool": False}


def _ibis(dtype: str) -> str:
    return "timestamp('UTC', 6)" if dtype == "timestamp" else dtype


def _counted(stream: Stream, rows: ir.Table) -> ir.Table:
    now = Now.of_rows(rows.as_of)
    return rows.group_by(list(ROW)).agg(**stream.settled(rows), **stream.windows(rows, now))


def _kept(stream: Stream, rows: ir.Table) -> ir.Table:
    row = ibis.struct({name: rows[name] for name in (*stream.numbers, *stream.texts)})
    lasting = stream.lasting and stream.lasting(rows, Now.of_rows(rows.as_of))
    return rows.group_by(list(ROW)).agg(**stream.settled(rows), **{stream.name: row.collect(where=lasting)})
