"""Checking what a rule says against the registry: names, types, units, and comparisons that decide nothing."""

from collections.abc import Generator, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from feature_repo.definitions import MONEY, RATIO, SHARE, Feature
from feature_repo.segments.problems import Problem
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
from feature_repo.segments.vocabulary import Sort, Vocabulary

DAYS_OF = {"days": Decimal(1), "weeks": Decimal(7), "months": Decimal(30), "years": Decimal(365)}
"""How many days the units of time stand for in a rule."""

_HUNDRED = Decimal(100)
_SHARES = (SHARE.name, RATIO.name)


class Typed(NamedTuple):
    """What a value is; `unit` by its name, None: it goes with any."""

    sort: Sort
    unit: str | None = None


def amount(number: Number) -> Decimal:
    """Return a number in the unit that features have: days, and shares from 0 to 1."""
    if number.unit == "%":
        return number.value / _HUNDRED
    return number.value * DAYS_OF.get(number.unit, Decimal(1))


def problems_of(test: Test, vocabulary: Vocabulary) -> list[Problem]:
    """Return everything that is wrong with a rule that was parsed."""
    return list(_Checker(vocabulary).test(test))


class _Checker:
    def __init__(self, vocabulary: Vocabulary):
        self._vocabulary = vocabulary

    def test(self, test: Test, within_share: bool = False) -> Iterator[Problem]:
        match test:
            case All(tests) | AnyOf(tests):
                for one in tests:
                    yield from self.test(one, within_share)
            case Not(inner):
                yield from self.test(inner, within_share)
            case Share():
                yield from self._share(test, within_share)
            case _:
                yield from self._single(test)

    def _single(self, test: Test) -> Iterator[Problem]:
        match test:
            case Flag(name):
                yield from self._flag(name)
            case Compare():
                yield from self._compare(test)
            case Between(value, low, high):
                yield from self._compare(Compare(">=", value, low, at=test.at))
                yield from self._compare(Compare("<=", value, high, at=test.at))
                yield from self._order(test, low, high)
            case OneOf():
                yield from self._one_of(test)
            case StartsWith(value):
                yield from self._wants(value, Sort.TEXT, "starts with")
            case Has(value):
                yield from self._wants(value, Sort.TEXTS, "has")
            case Missing(value):
                yield from self._missing(value)

    # Tests

    def _flag(self, name: Name) -> Iterator[Problem]:
        typed = yield from self._typed(name)
        if typed and typed.sort is not Sort.FLAG:
            hint = "has 'x'" if typed.sort is Sort.TEXTS else "= 'x'" if typed.sort is Sort.TEXT else ">= 3"
            yield Problem(f"{name.name} is {typed.sort.value}: test it, as in {name.name} {hint}", name.at)

    def _compare(self, test: Compare) -> Iterator[Problem]:
        left = yield from self._typed(test.left)
        right = yield from self._typed(test.right)
        if not left or not right:
            return
        sides = {left.sort, right.sort}
        if Sort.FLAG in sides:
            yield Problem("yes or no is not compared: write the name alone, or `not` before it", test.at)
        elif Sort.TEXTS in sides:
            yield Problem("a list is asked with `has`, as in family_ids has 'nordsee'", test.at)
        elif len(sides) > 1:
            yield Problem(f"{left.sort.value} is compared with {right.sort.value}", test.at)
        elif left.sort is Sort.TEXT and test.operator not in ("=", "!="):
            yield Problem("texts are compared with =, !=, in or `starts with`", test.at)
        elif left.sort is Sort.MOMENT and test.operator not in ("<", ">="):
            yield Problem("moments are compared with < (before that day) or >= (from that day on)", test.at)
        elif _apart(left.unit, right.unit):
            yield Problem(f"{_shown(left.unit)} is compared with {_shown(right.unit)}", test.at)
        else:
            yield from self._decides(test)

    def _decides(self, test: Compare) -> Iterator[Problem]:
        if isinstance(test.left, Name) and isinstance(test.right, Number):
            text = decided(self._vocabulary[test.left.name].feature, test.operator, amount(test.right))
            if text:
                yield Problem(text, test.at)
        elif _is_constant(test.left) and _is_constant(test.right):
            yield Problem("this compares no feature", test.at)

    @staticmethod
    def _order(test: Between, low: Value, high: Value) -> Iterator[Problem]:
        if isinstance(low, Number) and isinstance(high, Number) and amount(low) > amount(high):
            yield Problem("the first number of `between` is the lesser one", test.at)

    def _one_of(self, test: OneOf) -> Iterator[Problem]:
        typed = yield from self._typed(test.value)
        for choice in test.choices:
            wanted = Sort.TEXT if isinstance(choice, Text) else Sort.NUMBER
            if typed and typed.sort is Sort.TEXTS:
                yield Problem("a list is asked with `has any of` or `has all of`", test.at)
                return
            if typed and typed.sort is not wanted:
                yield Problem(f"{typed.sort.value} is compared with {wanted.value}", choice.at)
            elif typed and isinstance(choice, Number) and isinstance(test.value, Name):
                text = decided(self._vocabulary[test.value.name].feature, "=", amount(choice))
                if text:
                    yield Problem(text, choice.at)

    def _missing(self, value: Value) -> Iterator[Problem]:
        typed = yield from self._typed(value)
        if not typed:
            return
        if not isinstance(value, Name):
            yield Problem("only a feature can be missing or known", value.at)
        elif not self._vocabulary[value.name].feature.null:
            yield Problem(f"{value.name} is never missing", value.at)

    def _share(self, test: Share, within_share: bool) -> Iterator[Problem]:
        yield from self._wants(test.value, Sort.NUMBER, "in top")
        if _is_constant(test.value):
            yield Problem("this compares no feature", test.at)
        if within_share:
            yield Problem("`top` and `bottom` cannot stand within `among`", test.at)
        if test.among is not None:
            yield from self.test(test.among, within_share=True)

    def _wants(self, value: Value, sort: Sort, what: str) -> Iterator[Problem]:
        typed = yield from self._typed(value)
        if typed and typed.sort is not sort:
            yield Problem(f"`{what}` is asked of {sort.value}; this is {typed.sort.value}", value.at)

    # Values

    def _typed(self, value: Value) -> Generator[Problem, None, Typed | None]:
        match value:
            case Number(unit=unit):
                return Typed(Sort.NUMBER, "days" if unit in DAYS_OF else SHARE.name if unit else None)
            case Text():
                return Typed(Sort.TEXT)
            case Day():
                return Typed(Sort.MOMENT)
            case TripsWith():
                return Typed(Sort.NUMBER, "count")
            case Name():
                return (yield from self._named(value))
            case Percentile(of=name):
                return (yield from self._number_of(name))
            case Arithmetic():
                return (yield from self._arithmetic(value))

    def _named(self, name: Name) -> Generator[Problem, None, Typed | None]:
        if name.name in self._vocabulary:
            term = self._vocabulary[name.name]
            return Typed(term.sort, term.feature.unit.name)
        if name.name in _COUNTS:
            yield Problem(f"write `trips with {_COUNTS[name.name]} '...'` instead of {name.name}", name.at)
            return None
        near = self._vocabulary.like(name.name)
        hint = f"did you mean {_either(near)}?" if near else "`busflow segments vocabulary` lists all names"
        yield Problem(f"'{name.name}' is no feature: {hint}", name.at)
        return None

    def _number_of(self, name: Name) -> Generator[Problem, None, Typed | None]:
        typed = yield from self._typed(name)
        if typed and typed.sort is not Sort.NUMBER:
            yield Problem(f"{name.name} is {typed.sort.value}; a number is wanted here", name.at)
            return None
        return typed

    def _arithmetic(self, value: Arithmetic) -> Generator[Problem, None, Typed | None]:
        left = yield from self._typed(value.left)
        right = yield from self._typed(value.right)
        if not left or not right:
            return None
        if {left.sort, right.sort} != {Sort.NUMBER}:
            other = left if left.sort is not Sort.NUMBER else right
            yield Problem(f"only numbers can be calculated with; this is {other.sort.value}", value.at)
            return None
        if value.sign in "*/":
            return Typed(Sort.NUMBER, left.unit if isinstance(value.right, Number) else None)
        if _apart(left.unit, right.unit):
            yield Problem(f"{_shown(left.unit)} and {_shown(right.unit)} do not add up", value.at)
            return None
        return Typed(Sort.NUMBER, left.unit or right.unit)


_COUNTS: Mapping[str, str] = {f"{kind}_counts": kind for kind in ("family", "region", "theme")}


def decided(feature: Feature, operator: str, bound: Decimal) -> str:
    """Say why a comparison with this number holds for all who have a value, or for none; empty: it decides."""
    low, high = feature.unit.low, feature.unit.high
    whole = feature.dtype == "int64"
    if operator in ("=", "!=") and whole and bound != bound.to_integral_value():
        return f"{feature.name} is a whole number"
    below = low is not None and (bound < low or (bound == low and operator in ("<", ">=")))
    above = high is not None and (bound > high or (bound == high and operator in (">", "<=")))
    if not below and not above:
        return ""
    bounds = f"{low:g} or more" if high is None else f"from {low or 0:g} to {high:g}"
    if not ((operator in (">", ">=", "!=") and below) or (operator in ("<", "<=", "!=") and above)):
        percent = feature.unit.name == SHARE.name and bound > 1
        hint = f"; {bound:f} % is {bound / _HUNDRED:f}" if percent else ""
        return f"{feature.name} is {bounds}, so this holds for nobody{hint}"
    everybody = f"all who have a value; write `{feature.name} is known`" if feature.null else "everybody"
    return f"{feature.name} is {bounds}, so this holds for {everybody}"


def _apart(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other and {one, other} != set(_SHARES)


def _shown(unit: str | None) -> str:
    if unit == MONEY.name:
        return "an amount of money"
    return f"a {unit}" if unit in ("count", *_SHARES) else f"a value in {unit}"


def _is_constant(value: Value) -> bool:
    match value:
        case Arithmetic(left=left, right=right):
            return _is_constant(left) and _is_constant(right)
        case Name() | TripsWith():
            return False
    return True


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
