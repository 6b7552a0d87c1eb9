"""What a rule is made of: tests, which hold for a customer or not, of values, which a customer has or lacks."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from feature_repo.segments.problems import Span

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Sign = Literal["+", "-", "*", "/"]
Counted = Literal["family", "region", "theme"]

NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class _Node:
    """Two nodes are equal if they say the same, wherever they stand."""

    at: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


# Values


@dataclass(frozen=True)
class Number(_Node):
    """A number; `unit` as written: "" or one of days, weeks, months, years, %."""

    value: Decimal
    unit: str = ""


@dataclass(frozen=True)
class Text(_Node):
    """A text in quotes."""

    value: str


@dataclass(frozen=True)
class Day(_Node):
    """The first moment (UTC) of a day."""

    value: date


@dataclass(frozen=True)
class Name(_Node):
    """A feature or a score."""

    name: str


@dataclass(frozen=True)
class TripsWith(_Node):
    """How many trips went to one of these families, regions or themes; never missing."""

    kind: Counted
    values: tuple[str, ...]


@dataclass(frozen=True)
class Percentile(_Node):
    """The value that `percent` of the operator's customers who have one do not exceed."""

    percent: Decimal
    of: Name


@dataclass(frozen=True)
class Arithmetic(_Node):
    """Two numbers put together; missing if either is, or if it divides by nothing."""

    sign: Sign
    left: "Value"
    right: "Value"


Value = Number | Text | Day | Name | TripsWith | Percentile | Arithmetic

# Tests


@dataclass(frozen=True)
class Compare(_Node):
    """Two values held against each other."""

    operator: Operator
    left: Value
    right: Value


@dataclass(frozen=True)
class Between(_Node):
    """From `low` to `high`, both included."""

    value: Value
    low: Value
    high: Value


@dataclass(frozen=True)
class OneOf(_Node):
    """One of some numbers or texts. negated: none of them; a missing value is neither."""

    value: Value
    choices: tuple[Number | Text, ...]
    negated: bool = False


@dataclass(frozen=True)
class StartsWith(_Node):
    """A text that begins so."""

    value: Value
    text: str


@dataclass(frozen=True)
class Has(_Node):
    """A list that holds all of some texts, or any of them."""

    value: Value
    texts: tuple[str, ...]
    every: bool = False


@dataclass(frozen=True)
class Missing(_Node):
    """Whether there is no value. negated: whether there is one."""

    value: Value
    negated: bool = False


@dataclass(frozen=True)
class Share(_Node):
    """Among the customers with the greatest (or least) values, `percent` of those compared at most.

    among: who is compared; None: everybody. Customers of equal value are in or out together.
    """

    value: Value
    percent: Decimal
    top: bool = True
    among: "Test | None" = None


@dataclass(frozen=True)
class Flag(_Node):
    """A feature that is yes or no, and is yes."""

    name: Name


@dataclass(frozen=True)
class Not(_Node):
    """Holds for everybody for whom the test does not."""

    test: "Test"


@dataclass(frozen=True)
class All(_Node):
    """Every one of the tests."""

    tests: tuple["Test", ...]


@dataclass(frozen=True)
class AnyOf(_Node):
    """At least one of the tests."""

    tests: tuple["Test", ...]


Test = Compare | Between | OneOf | StartsWith | Has | Missing | Share | Flag | Not | All | AnyOf
