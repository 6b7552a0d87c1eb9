"""Families that were published after the model was trained: placed by what they share with the known ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.recommender.attribute_match import AttributeMatch, alike
from models.recommender.attributes import Attributes
from models.recommender.contract import Evidence, EvidenceKind, History, history_row


@dataclass(frozen=True)
class Newcomer:
    """What the catalogue says of a family. nights, price: of its newest tour."""

    family: str
    region: str
    theme: str
    nights: float
    price: float


@dataclass(frozen=True)
class Newcomers:
    """Families that the likeness to known ones places.

    A newcomer is taken to be as popular as the known families are on average, each weighing by what it shares with
    the newcomer, and is lifted by the history as a known one of the same attributes is.
    """

    likeness: AttributeMatch
    new: Sequence[Newcomer]
    taken_for: float = 1.0

    @cached_property
    def families(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(one.family for one in self.new)

    @cached_property
    def _attributes(self) -> Attributes:
        return Attributes.of(
            [one.region for one in self.new],
            [one.theme for one in self.new],
            [one.nights for one in self.new],
            [one.price for one in self.new],
            [0.0 for _ in self.new],
        )

    def chances(self, history: History, known: np.ndarray) -> np.ndarray:
        """Return the chance of each newcomer beside those of the known families, (families,): (newcomers,).

        They stand to the known families that the visitor has not booked as likeness alone would have it.
        """
        if not self.new:
            return np.zeros(0)
        row = history_row(self.likeness.index, history)
        strange = np.ones(len(known), dtype=bool)
        strange[row.indices] = False
        old = self._mean(row.indices, row.data, self.likeness.lifts) * self.likeness.popular
        ours = self._mean(row.indices, row.data, self._lifts) * self._popular
        among_strangers = old[strange].sum()
        per_score = known[strange].sum() / among_strangers if among_strangers > 0 else 1.0
        chances: np.ndarray = ours * per_score
        return chances

    def alike(self, history: History, popular: np.ndarray) -> np.ndarray:
        """Return the chances of the known families, (families,), for who looked at newcomers only.

        popular: their chances for anybody.
        """
        seen = [self.families.index(family) for family in history.viewed if family in self.families]
        lifted: np.ndarray = popular * self._lifts[:, seen].mean(axis=1)
        lifted /= lifted.sum()
        return lifted

    def explain(self, history: History, family: str) -> Evidence:
        """Name what a newcomer shares with a family of the history. Raises ValueError for who is none."""
        if family in history.viewed:
            return Evidence("viewed", family, because_of=family)
        one = self.new[self.families.index(family)]
        for kind, names in (("attributes", history.families), ("viewed_attributes", history.viewed)):
            evidence = self._shared(one, kind, names)  # type: ignore[arg-type]
            if evidence:
                return evidence
        return Evidence("programme", family, region=one.region, theme=one.theme)

    def _shared(self, one: Newcomer, kind: EvidenceKind, names: Sequence[str]) -> Evidence | None:
        known = self.likeness
        for name in names:
            if name in known.index:
                of_known = known.region_and_theme(name)
                region = one.region if one.region == of_known[0] else None
                theme = one.theme if one.theme == of_known[1] else None
                if region or theme:
                    return Evidence(kind, one.family, because_of=name, region=region, theme=theme)
        return None

    @cached_property
    def _lifts(self) -> np.ndarray:
        """(families, newcomers)."""
        return self.likeness.lifts_of(self._attributes)

    @cached_property
    def _popular(self) -> np.ndarray:
        """(newcomers,)."""
        shared = alike(self.likeness.attributes, self._attributes).sum(axis=0) + 1e-3
        popular: np.ndarray = self.taken_for * (self.likeness.popular @ shared) / shared.sum(axis=0)
        return popular

    @staticmethod
    def _mean(columns: np.ndarray, times: np.ndarray, lifts: np.ndarray) -> np.ndarray:
        """Return the lifts of a history averaged by the times booked; ones for an empty one."""
        if not len(columns):
            return np.ones(lifts.shape[1])
        mean: np.ndarray = times @ lifts[columns] / times.sum()
        return mean
