"""What the values of a feature look like at a moment: counts, a distribution, and nobody's row.

A summary is kept with a model for years, where no erasure would reach a customer's row. It needs none.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

KNOTS = 200
"""At most so many points of a distribution are kept: its shape to half a percent."""

CATEGORIES = 30
"""At most so many values of a text are kept, the commonest."""

MOST_ROWS = 20_000
"""So many rows are summarised at most: a shape to one percent, whatever the operator's size."""

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class Summary:
    """One feature at one moment.

    rows, nulls, zeros, distinct (values that are not null): counts. values, shares: of what is neither null nor
    zero, ascending values and the share that is at most each. categories: of a text, its commonest values with
    their counts, commonest first. Moments are told as days before `moment`, lists by their length, flags as 0 and 1.
    """

    feature: str
    moment: datetime
    rows: int
    nulls: int
    zeros: int
    distinct: int
    values: np.ndarray
    shares: np.ndarray
    categories: tuple[tuple[str, int], ...] = ()

    @property
    def told(self) -> int:
        """How many rows have a value."""
        return self.rows - self.nulls

    @property
    def others(self) -> int:
        """How many values are neither null nor zero."""
        return self.told - self.zeros

    @property
    def is_text(self) -> bool:
        """Whether the values are texts."""
        return bool(self.categories)

    @cached_property
    def commonest(self) -> float:
        """Share of the commonest value among those told, 0 if there are none."""
        if not self.told:
            return 0.0
        if self.is_text:
            return self.categories[0][1] / self.told
        steps = np.diff(self.shares, prepend=0.0).max(initial=0.0) * self.others
        return float(max(self.zeros, steps) / self.told)

    def at_most(self, values: np.ndarray) -> np.ndarray:
        """Return the share of non-zero values that are at most each of `values`, known to half a percent."""
        return np.concatenate([[0.0], self.shares])[np.searchsorted(self.values, values, side="right")]


def summarise(feature: str, column: pa.ChunkedArray, moment: datetime) -> Summary:
    """Summarise the values that a feature has at `moment`, of at most MOST_ROWS customers.

    Rows come ordered by pseudonym, so the first are a random sample, and the same one every time.
    """
    sample = column.slice(0, MOST_ROWS)
    rows = len(sample)
    if pa.types.is_string(sample.type):
        categories, distinct = _categories(sample)
        nothing = np.empty(0)
        return Summary(feature, moment, rows, sample.null_count, 0, distinct, nothing, nothing, categories)
    numbers = as_numbers(sample, moment)
    others = numbers[numbers != 0]
    nulls, zeros, distinct = rows - len(numbers), len(numbers) - len(others), len(np.unique(numbers))
    return Summary(feature, moment, rows, nulls, zeros, distinct, *_distribution(others))


def as_numbers(column: pa.ChunkedArray, moment: datetime) -> np.ndarray:
    """Return the finite values as float64, without nulls: see `Summary` for moments, lists and flags."""
    told = column.drop_null()
    if pa.types.is_timestamp(told.type):
        micros = np.asarray(told.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()), dtype=np.float64)
        return (moment.timestamp() - micros / 1e6) / SECONDS_PER_DAY
    if pa.types.is_list(told.type):
        told = pc.list_value_length(told)
    numbers = np.asarray(told.cast(pa.float64()), dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def _categories(column: pa.ChunkedArray) -> tuple[tuple[tuple[str, int], ...], int]:
    counted = pc.value_counts(column.drop_null()).to_pylist()
    ordered = sorted(counted, key=lambda one: (-one["counts"], one["values"]))
    return tuple((one["values"], one["counts"]) for one in ordered[:CATEGORIES]), len(ordered)


def _distribution(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ascending values and the exact share at most each: all of them, or every 200th part of the way."""
    distinct, counts = np.unique(values, return_counts=True)
    shares = np.cumsum(counts) / max(len(values), 1)
    if len(distinct) <= KNOTS:
        return distinct, shares
    kept = np.unique(
        np.searchsorted(shares, np.linspace(0, 1, KNOTS), side="left").clip(max=len(distinct) - 1)
    )
    return distinct[kept], shares[kept]
