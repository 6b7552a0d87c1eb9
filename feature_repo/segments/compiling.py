"""Rules as Ibis expressions over the feature rows of one moment.

A test that looks at a missing value does not hold; `not` turns every test round. So each customer is either in a rule
or in its `not`, whatever is missing.
"""

from decimal import Decimal
from fractions import Fraction
from functools import reduce

import ibis
import ibis.expr.types as ir

from feature_repo.segments.checking import amount
from feature_repo.segments.syntax import (
    All,
    AnyOf,
    Arithmetic,
    Between,
    Compare,
    Day,
    Flag,
    Has,
    Missing,
    Name,
    Not,
    Number,
    OneOf,
    Percentile,
    Share,
    StartsWith,
    Test,
    Text,
    TripsWith,
    Value,
)


def compiled(test: Test, rows: ir.Table) -> ir.BooleanValue:
    """Return whether the test holds for each of `rows`; never null.

    rows: one row per customer of one operator, with a column of each name the test uses. Shares and percentiles are
    of all these rows.
    """
    return _Compiler(rows).test(test)


class _Compiler:
    def __init__(self, rows: ir.Table):
        self._rows = rows

    def test(self, test: Test) -> ir.BooleanValue:
        match test:
            case All(tests):
                return reduce(lambda one, other: one & other, map(self.test, tests))
            case AnyOf(tests):
                return reduce(lambda one, other: one | other, map(self.test, tests))
            case Not(inner):
                return ~self.test(inner)
            case Missing(value, negated):
                return self.value(value).notnull() if negated else self.value(value).isnull()
            case Share():
                return self._share(test)
        return self._simple(test).fill_null(False)

    def _simple(self, test: Test) -> ir.BooleanValue:
        """Return a test that is null where a value it looks at is."""
        match test:
            case Flag(name):
                return self._rows[name.name]
            case Compare(operator, left, right):
                return _compared(operator, self.value(left), self.value(right))
            case Between(value, low, high):
                return self.value(value).between(self.value(low), self.value(high))
            case OneOf(value, choices, negated):
                among = self.value(value).isin([_literal(choice) for choice in choices])
                return ~among if negated else among
            case StartsWith(value, text):
                return self.value(value).startswith(text)
            case Has(value, texts, every):
                held = [self.value(value).contains(text) for text in texts]
                return reduce(lambda one, other: one & other if every else one | other, held)
        raise TypeError(f"{type(test).__name__} is no test")

    def value(self, value: Value) -> ir.Value:
        match value:
            case Number() | Text():
                return ibis.literal(_literal(value))
            case Day(day):
                return ibis.literal(f"{day} 00:00:00").cast("timestamp('UTC', 6)")
            case Name(name):
                return self._rows[name]
            case TripsWith():
                return self._trips(value)
            case Percentile(percent, of):
                return self._rows[of.name].quantile(float(Fraction(percent) / 100)).over(ibis.window())
            case Arithmetic(sign, left, right):
                return _calculated(sign, self.value(left), self.value(right))
        raise TypeError(f"{type(value).__name__} is no value")

    def _trips(self, value: TripsWith) -> ir.IntegerValue:
        ids, counts = self._rows[f"{value.kind}_ids"], self._rows[f"{value.kind}_counts"]
        each = [
            ids.contains(one).fill_null(False).ifelse(counts[ids.index(one).cast("int32")], 0).fill_null(0)
            for one in value.values
        ]
        return reduce(lambda one, other: one + other, each)

    def _share(self, test: Share) -> ir.BooleanValue:
        """Hold for whom those with a value as good or better are no more than the share: ties are out together."""
        value = self.value(test.value)
        compared = value.notnull()
        if test.among is not None:
            compared = compared & self.test(test.among)
        order = -value if test.top else value
        as_good = ibis.range_window(group_by=compared, order_by=order, preceding=None, following=0)
        good, everybody = (
            compared.count().over(as_good),
            compared.count().over(ibis.window(group_by=compared)),
        )
        share = Fraction(test.percent) / 100
        return compared & (good * share.denominator <= everybody * share.numerator)


def _compared(operator: str, left: ir.Value, right: ir.Value) -> ir.BooleanValue:
    match operator:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
    return left >= right


def _calculated(sign: str, left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    left, right = left.cast("float64"), right.cast("float64")
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right.nullif(0.0)


def _literal(value: Number | Text) -> int | float | str:
    if isinstance(value, Text):
        return value.value
    exact = amount(value)
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < Decimal(2**53) else float(exact)
