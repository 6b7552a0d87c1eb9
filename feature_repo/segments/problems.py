"""What is wrong with a rule, and where in its text."""

from collections.abc import Sequence
from typing import NamedTuple

from activity_log.errors import WrongUseError


class Span(NamedTuple):
    """A part of a rule's text: from `start` up to `end`, counted from 0."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """Return the part from here to the end of `other`."""
        return Span(self.start, other.end)


class Problem(NamedTuple):
    """One thing that is wrong, in a sentence that says the remedy."""

    text: str
    at: Span

    def located(self, rule: str) -> str:
        """Return the sentence with its place for a person: line and column count from 1."""
        before = rule[: self.at.start]
        line, column = before.count("\n") + 1, self.at.start - (before.rfind("\n") + 1) + 1
        place = f"column {column}" if "\n" not in rule else f"line {line}, column {column}"
        return f"{place}: {self.text}"


class RuleError(WrongUseError):
    """A rule that cannot be used. `problems`: all that was found, in the order of the text."""

    def __init__(self, rule: str, problems: Sequence[Problem]):
        self.rule = rule
        self.problems = tuple(sorted(problems, key=lambda one: one.at))
        super().__init__("; ".join(one.located(rule) for one in self.problems))
