"""The names a rule may use: features of the registry and, where a model has written them, scores."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from feature_repo.definitions import COUNT, MONEY, SHARE, Feature
from feature_repo.groups import GROUPS
from feature_repo.segments.labels import LABELS, NULLS_DE, Label, Language

SCORES = "scores"
"""Stands where a feature's group would: a score is read from a table of predictions."""


class Sort(Enum):
    """What one can do with a value."""

    NUMBER = "a number"
    TEXT = "a text"
    TEXTS = "a list of texts"
    FLAG = "yes or no"
    MOMENT = "a moment"


_SORTS = {
    "int64": Sort.NUMBER,
    "float64": Sort.NUMBER,
    "string": Sort.TEXT,
    "array<string>": Sort.TEXTS,
    "bool": Sort.FLAG,
    "timestamp": Sort.MOMENT,
}


@dataclass(frozen=True)
class Term:
    """A name a rule may use. group: the feature group it is in, or SCORES."""

    feature: Feature
    group: str
    label: Label

    @property
    def name(self) -> str:
        """As it is written in a rule."""
        return self.feature.name

    @property
    def sort(self) -> Sort:
        """What one can do with it."""
        return _SORTS[self.feature.dtype]

    def null_in(self, language: Language) -> str:
        """Return what it means that there is no value; empty: there always is one."""
        return NULLS_DE.get(self.feature.null, self.feature.null) if language == "de" else self.feature.null


class Vocabulary(Mapping[str, Term]):
    """Terms by name."""

    def __init__(self, terms: Iterable[Term]):
        self._terms = MappingProxyType({term.name: term for term in terms})

    def __getitem__(self, name: str) -> Term:
        return self._terms[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._terms)

    def __len__(self) -> int:
        return len(self._terms)

    def like(self, written: str) -> tuple[str, ...]:
        """Return the names, at most three, that somebody may have meant who wrote this one, or a label of it."""
        plain = written.lower()
        labels = {text.lower(): term.name for term in self.values() for text in term.label}
        if plain in labels:
            return (labels[plain],)
        meant = {name: name for name in self} | labels
        near = difflib.get_close_matches(plain, meant, n=6, cutoff=0.7)
        part = [name for name in self if plain in name] if len(plain) > 3 else []
        return tuple(dict.fromkeys([*(meant[one] for one in near), *part]))[:3]


def _score(name: str, unit: object, label: Label, meaning: str) -> Term:
    return Term(Feature(name, "float64", unit, meaning, "not scored"), SCORES, label)  # type: ignore[arg-type]


SCORE_TERMS = (
    _score(
        "churn_probability",
        SHARE,
        Label("Abwanderungswahrscheinlichkeit", "probability of churn"),
        "probability that nothing is booked within the churn model's horizon",
    ),
    _score(
        "expected_bookings",
        COUNT,
        Label("erwartete Buchungen", "expected bookings"),
        "bookings expected within the value model's horizon",
    ),
    _score(
        "expected_spend",
        MONEY,
        Label("erwarteter Umsatz", "expected revenue"),
        "revenue expected within the value model's horizon",
    ),
)
"""What models may say of a customer. Rules may name them; a refresh asks for the predictions then."""

FEATURE_TERMS = tuple(
    Term(feature, group.name, LABELS.get(feature.name, Label(feature.name, feature.name)))
    for group in GROUPS
    for feature in group.features
    if feature.dtype in _SORTS
)

VOCABULARY = Vocabulary((*FEATURE_TERMS, *SCORE_TERMS))
"""All that a rule may name."""
