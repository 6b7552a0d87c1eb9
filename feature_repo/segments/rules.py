"""A rule that was read and checked."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from feature_repo.segments.checking import problems_of
from feature_repo.segments.parsing import parse
from feature_repo.segments.problems import RuleError
from feature_repo.segments.syntax import Name, Test, TripsWith
from feature_repo.segments.vocabulary import SCORES, VOCABULARY, Vocabulary


@dataclass(frozen=True)
class Rule:
    """Who belongs to a segment. text: as somebody wrote it; `test`: what it says."""

    text: str
    test: Test

    @property
    def names(self) -> tuple[str, ...]:
        """The features and scores it looks at, in the order of the text, each once."""
        found: list[str] = []
        for node in _nodes(self.test):
            if isinstance(node, Name):
                found.append(node.name)
            if isinstance(node, TripsWith):
                found += [f"{node.kind}_ids", f"{node.kind}_counts"]
        return tuple(dict.fromkeys(found))

    @property
    def scores(self) -> tuple[str, ...]:
        """Those of the names that a model says."""
        return tuple(name for name in self.names if name in VOCABULARY and VOCABULARY[name].group == SCORES)

    @property
    def trips(self) -> tuple[TripsWith, ...]:
        """Where it counts trips."""
        return tuple(node for node in _nodes(self.test) if isinstance(node, TripsWith))


def read_rule(text: str, vocabulary: Vocabulary = VOCABULARY) -> Rule:
    """Read a rule. Raises RuleError, with the place of everything that is wrong."""
    test = parse(text)
    problems = problems_of(test, vocabulary)
    if problems:
        raise RuleError(text, problems)
    return Rule(text, test)


def _nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple):
        for one in node:
            yield from _nodes(one)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            if field.compare:
                yield from _nodes(getattr(node, field.name))
