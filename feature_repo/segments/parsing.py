"""Reading a rule by recursive descent. The grammar stands in docs/segments.md and, above each method, here."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar, cast, get_args

from feature_repo.segments.problems import Span
from feature_repo.segments.stream import TokenStream
from feature_repo.segments.syntax import (
    All,
    AnyOf,
    Arithmetic,
    Between,
    Compare,
    Counted,
    Day,
    Flag,
    Has,
    Missing,
    Name,
    Not,
    Number,
    OneOf,
    Operator,
    Percentile,
    Share,
    Sign,
    StartsWith,
    Test,
    Text,
    TripsWith,
    Value,
)
from feature_repo.segments.tokens import Kind

UNITS = {"day": "days", "week": "weeks", "month": "months", "year": "years"}
UNITS |= {unit: unit for unit in UNITS.values()}
_COMPARISONS: frozenset[str] = frozenset(get_args(Operator))
_COUNTED: frozenset[str] = frozenset(get_args(Counted))
_VALUES = get_args(Value)

T = TypeVar("T")


def parse(rule: str) -> Test:
    """Return what a rule says. Raises RuleError with the first thing that cannot be read."""
    return _Parser(rule).rule()


def parser_methods() -> tuple[Callable[..., object], ...]:
    """Return what reads a rule, from the whole to its parts; docstrings of the form "name: ..." are the grammar."""
    return tuple(one for one in vars(_Parser).values() if callable(one))


class _Parser(TokenStream):
    """Each method reads what its first line says."""

    def rule(self) -> Test:
        """Rule: choice END."""
        if self.is_end():
            raise self.error("the rule is empty; write something like total_bookings >= 3", self.token.at)
        test = self._as_test(self._choice())
        if not self.is_end():
            raise self.error(f"{self.shown()} is too much here; join tests with and, or", self.token.at)
        return test

    def _choice(self) -> Test | Value:
        """Choice: every {"or" every}."""
        return self._joined("or", self._every, AnyOf)

    def _every(self) -> Test | Value:
        """Every: negation {"and" negation}."""
        return self._joined("and", self._negation, All)

    def _joined(
        self, word: str, part: Callable[[], Test | Value], node: type[All] | type[AnyOf]
    ) -> Test | Value:
        first = part()
        if not self.is_(word):
            return first
        tests = [self._as_test(first)]
        while self.taken(word):
            tests.append(self._as_test(part()))
        return self.made(node(tuple(tests), at=tests[0].at.to(tests[-1].at)))

    def _negation(self) -> Test | Value:
        """Negation: {"not"} comparison."""
        start = self.token.at
        if not self.taken("not"):
            return self._comparison()
        test = self._as_test(self.deeper(self._negation))
        return self.made(Not(test, at=start.to(test.at)))

    def _comparison(self) -> Test | Value:
        """Comparison: value [(operator value) | between | in | is | starts | has]."""
        left = self._sum()
        if not isinstance(left, _VALUES):
            return left
        if self.token.kind is Kind.SIGN and self.token.value in _COMPARISONS:
            operator: Operator = self.next().value  # type: ignore[assignment]
            right = self._as_value(self._sum())
            if self.token.kind is Kind.SIGN and self.token.value in _COMPARISONS:
                raise self.error("one comparison at a time; write `between ... and ...`", self.token.at)
            return self.made(Compare(operator, left, right, at=left.at.to(right.at)))
        return self._worded(left)

    def _worded(self, left: Value) -> Test | Value:
        if self.taken("between"):
            low = self._as_value(self._sum())
            self.expect("and")
            high = self._as_value(self._sum())
            return self.made(Between(left, low, high, at=left.at.to(high.at)))
        if self.is_("not") and self.peek().value == "in":
            self.next()
            self.next()
            return self.made(OneOf(left, self._choices(), negated=True, at=left.at.to(self.last.at)))
        if self.taken("in"):
            return self._membership(left)
        if self.taken("is"):
            negated = self.taken("not")
            if not self.is_("missing") and not self.is_("known"):
                raise self.error(f"`is missing` or `is known`, not {self.shown()}", self.token.at)
            known = self.next().value == "known"
            return self.made(Missing(left, negated=known != negated, at=left.at.to(self.last.at)))
        if self.taken("starts"):
            self.expect("with")
            text = self._text()
            return self.made(StartsWith(left, text.value, at=left.at.to(text.at)))
        if self.taken("has"):
            every = self.is_("all")
            if self.taken("all") or self.taken("any"):
                self.expect("of")
            return self.made(Has(left, self._texts(), every, at=left.at.to(self.last.at)))
        return left

    def _membership(self, left: Value) -> Test:
        """Membership: "in" (list | ["the"] ("top" | "bottom") number "%" ["among" "(" choice ")"])."""
        self.taken("the")
        if not self.is_("top") and not self.is_("bottom"):
            return self.made(OneOf(left, self._choices(), at=left.at.to(self.last.at)))
        top = self.next().value == "top"
        percent = self._percent()
        among = None
        if self.taken("among"):
            self.expect("(")
            among = self._as_test(self.deeper(self._choice))
            self.expect(")")
        return self.made(Share(left, percent, top, among, at=left.at.to(self.last.at)))

    def _sum(self) -> Test | Value:
        """Sum: product {("+" | "-") product}."""
        return self._calculated(("+", "-"), self._product)

    def _product(self) -> Test | Value:
        """Product: primary {("*" | "/") primary}."""
        return self._calculated(("*", "/"), self._primary)

    def _calculated(self, signs: tuple[str, ...], part: Callable[[], Test | Value]) -> Test | Value:
        left = part()
        while self.token.kind is Kind.SIGN and self.token.value in signs:
            first = self._as_value(left)
            sign: Sign = self.next().value  # type: ignore[assignment]
            right = self._as_value(part())
            left = self.made(Arithmetic(sign, first, right, at=first.at.to(right.at)))
        return left

    def _primary(self) -> Test | Value:
        """Primary: number | text | day | name | trips | percentile | "(" choice ")"."""
        token = self.token
        match token.kind:
            case Kind.NUMBER:
                return self._number()
            case Kind.TEXT:
                return self._text()
            case Kind.DAY:
                return self._day()
            case Kind.NAME:
                return self.made(Name(self.next().value, at=token.at))
        if self.taken("trips"):
            return self._trips(token.at)
        if self.taken("percentile"):
            return self._percentile(token.at)
        if self.taken("-"):
            number = self._number()
            return Number(-number.value, number.unit, at=token.at.to(number.at))
        if self.taken("("):
            inner = self.deeper(self._choice)
            self.expect(")")
            return inner
        raise self.error(f"a feature, a number or a text is missing before {self.shown()}", token.at)

    def _trips(self, start: Span) -> TripsWith:
        """Trips: "trips" "with" ("family" | "region" | "theme") texts."""
        self.expect("with")
        if self.token.value not in _COUNTED:
            raise self.error(f"family, region or theme, not {self.shown()}", self.token.at)
        kind: Counted = self.next().value  # type: ignore[assignment]
        self.taken("in")
        return self.made(TripsWith(kind, self._texts(), at=start.to(self.last.at)))

    def _percentile(self, start: Span) -> Percentile:
        """Percentile: "percentile" number "of" name."""
        percent = self._number()
        self.expect("of")
        if self.token.kind is not Kind.NAME:
            raise self.error(f"a feature, not {self.shown()}", self.token.at)
        name = self.next()
        if not 0 <= percent.value <= 100 or percent.unit:
            raise self.error("a percentile is a number from 0 to 100, without unit", percent.at)
        return self.made(Percentile(percent.value, Name(name.value, at=name.at), at=start.to(name.at)))

    def _number(self) -> Number:
        token = self.token
        if token.kind is not Kind.NUMBER:
            raise self.error(f"a number, not {self.shown()}", token.at)
        self.next()
        unit = ""
        if self.taken("%"):
            unit = "%"
        elif self.token.kind is Kind.NAME and self.token.value.lower() in UNITS:
            unit = UNITS[self.next().value.lower()]
        return self.made(Number(Decimal(token.value), unit, at=token.at.to(self.last.at)))

    def _percent(self) -> Decimal:
        number = self._number()
        if number.unit != "%" or not 0 < number.value < 100:
            raise self.error("a share between 0 % and 100 %, as in top 10 %", number.at)
        return number.value

    def _text(self) -> Text:
        token = self.token
        if token.kind is not Kind.TEXT:
            raise self.error(f"a text in quotes, not {self.shown()}", token.at)
        if not self.next().value.strip():
            raise self.error("the text is empty", token.at)
        return self.made(Text(token.value, at=token.at))

    def _day(self) -> Day:
        token = self.next()
        try:
            return self.made(Day(date.fromisoformat(token.value), at=token.at))
        except ValueError:
            raise self.error(f"'{token.value}' is no day of the calendar", token.at) from None

    def _texts(self) -> tuple[str, ...]:
        """Texts: text | "(" text {"," text} ")"."""
        if self.token.kind is Kind.TEXT:
            return (self._text().value,)
        return tuple(dict.fromkeys(text.value for text in self._listed(self._text)))

    def _choices(self) -> tuple[Number | Text, ...]:
        """List: "(" (text | number) {"," (text | number)} ")"."""

        def one() -> Number | Text:
            return self._text() if self.token.kind is Kind.TEXT else self._signed()

        return tuple(dict.fromkeys(self._listed(one)))

    def _signed(self) -> Number:
        start = self.token.at
        negative = self.taken("-")
        number = self._number()
        return Number(-number.value, number.unit, at=start.to(number.at)) if negative else number

    def _listed(self, one: Callable[[], T]) -> list[T]:
        self.expect("(")
        listed = [one()]
        while self.taken(","):
            listed.append(one())
        self.expect(")")
        return listed

    def _as_test(self, node: Test | Value) -> Test:
        if isinstance(node, Name):
            return self.made(Flag(node, at=node.at))
        if isinstance(node, _VALUES):
            raise self.error("compare this with something, as in >= 3", node.at)
        return cast(Test, node)

    def _as_value(self, node: Test | Value) -> Value:
        if not isinstance(node, _VALUES):
            raise self.error("a value is wanted here, not a test", node.at)
        return cast(Value, node)
