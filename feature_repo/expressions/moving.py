"""What moves while nothing happens: ages, and counts of windows of time.

Written once, for two readers. In a build the values are Ibis columns, and `Now` is the row's `as_of`. When a
customer is looked up, they are the numbers and arrays of the customer's state, and `Now` is the moment of reading.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np

SECONDS_PER_DAY = 86_400

Value = Any
"""An Ibis column; or a float (NaN: null), and in a stream an array of them."""


@dataclass(frozen=True)
class Now:
    """A moment. seconds: since 1970, whole. day: since 1970. month: 1 to 12. All UTC."""

    seconds: Value
    day: Value
    month: Value

    @classmethod
    def of_rows(cls, as_of: ir.TimestampValue) -> "Now":
        """Return the moment of each feature row."""
        return cls(seconds_of(as_of).cast("float64"), day_of(as_of.date()), as_of.month().cast("int64"))

    @classmethod
    def of_reading(cls, moment: datetime) -> "Now":
        """Return the moment somebody asks."""
        seconds = math.floor(moment.timestamp())
        return cls(seconds, seconds // SECONDS_PER_DAY, moment.astimezone(UTC).month)

    def days_since(self, seconds: Value) -> Value:
        """Return the days, with fractions, from a moment in seconds to this one."""
        return (self.seconds - seconds) / float(SECONDS_PER_DAY)

    def within(self, days: int, seconds: Value) -> Value:
        """Return whether a moment in seconds lies at most so many days back."""
        return seconds >= self.seconds - days * SECONDS_PER_DAY


def seconds_of(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Return whole seconds since 1970, fractions cut off."""
    # engines differ in whether they keep the fraction
    return moment.epoch_seconds().cast("float64").floor().cast("int64")


def day_of(date: ir.DateValue) -> ir.IntegerValue:
    """Return days since 1970."""
    return date.epoch_days().cast("int64")


def count(where: Value) -> Value:
    """Return how many rows of a stream fulfil a condition."""
    return where.count(where=where) if isinstance(where, ir.Value) else float(np.count_nonzero(where))


def total(values: Value, where: Value) -> Value:
    """Return the sum of those values of a stream that fulfil a condition."""
    if isinstance(values, ir.Value):
        return values.sum(where=where).cast("float64")
    return float(values.dot(where))


def largest(values: Value, where: Value) -> Value:
    """Return the largest non-null of those values of a stream that fulfil a condition, null without any."""
    if isinstance(values, ir.Value):
        return values.max(where=where)
    return float(np.fmax.reduce(values[where], initial=math.nan))


def listed(values: Value, where: Value) -> Value:
    """Return the different texts of a stream that fulfil a condition, alphabetically, null without any."""
    if isinstance(values, ir.Value):
        found = values.collect(where=where, distinct=True).sort()
        return (found.length() > 0).ifelse(found, None)  # engines differ in what collecting nothing gives
    return sorted({value for value, wanted in zip(values, where, strict=True) if wanted}) or None


def ratio(part: Value, whole: Value) -> Value:
    """Return part / whole, null where the whole is null or nothing."""
    if isinstance(whole, ir.Value):
        return part / whole.nullif(0)
    return part / whole if whole else math.nan


def months_since(month: Value, usual: Value) -> Value:
    """Return the months (0 to 11) from the last time it was the usual month."""
    return (month - usual + 12) % 12
