"""Rung 3: tours like those booked before: by region, theme, nights and price, also while nobody has booked them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse
from scipy.optimize import nnls

from models.recommender.attributes import UNKNOWN, Attributes
from models.recommender.bookings import Bookings, binary
from models.recommender.contexts import Contexts
from models.recommender.contract import (
    Context,
    Evidence,
    EvidenceKind,
    History,
    Rung,
    Settings,
    seasonal_evidence,
)
from models.recommender.counts import BookingCounts
from models.recommender.season import SeasonPopularity, SeasonSettings

SHARED = ("region", "theme", "nights", "price")
"""What two families can share, in the order of the weights."""

NIGHTS_APART, PRICES_APART = 2.0, 0.35
"""So many nights, or so much in the logarithm of the price, make families alike by 1/e only."""

LEAST_LIFT = 0.05
"""Nothing is ruled out for being different."""

MOST_PAIRS = 2_000
"""Up to so many families the weights are learned from their pairs; the most booked ones are taken."""


class AttributeSettings(Settings):
    """ridge: with so many customers of both a weight is half believed. season: the popularity it starts from."""

    ridge: float = Field(default=50.0, gt=0)
    season: SeasonSettings = SeasonSettings()


@dataclass(frozen=True)
class AttributeMatch(Rung):
    """A family's popularity, times how much oftener families so alike are booked by the same customers.

    Content-based scores for items without history: Pazzani and Billsus, The Adaptive Web, 2007. The lift of a pair is
    1 + w'(x - c), x what the two share and c what a pair shares on average, w >= 0 fitted by least squares to the
    co-bookings over what chance would give (Lawson and Hanson, 1974, ch. 23), each pair weighing by what chance would
    give and w shrunk towards 0. The lifts of a history are averaged by the times booked.

    weights, usual: w and c, (4,), in the order of SHARED. popular: over all months.
    """

    name: ClassVar[str] = "attributes"
    families: tuple[str, ...]
    attributes: Attributes
    popular: np.ndarray
    weights: np.ndarray
    usual: np.ndarray

    @classmethod
    def fit(cls, bookings: Bookings, settings: AttributeSettings) -> Self:
        """Learn how much each shared attribute tells."""
        season = SeasonPopularity.fit(bookings, settings.season)
        weights, usual = _weights(bookings, settings)
        return cls(bookings.families, bookings.attributes, season.shares[0], weights, usual)

    @cached_property
    def lifts(self) -> np.ndarray:
        """How much oftener a family (column) is booked by customers of another (row): (families, families)."""
        return self.lifts_of(self.attributes)

    def lifts_of(self, others: Attributes) -> np.ndarray:
        """Return how much oftener these others (columns) are booked by customers of a family (row)."""
        shared = np.tensordot(self.weights, alike(self.attributes, others), axes=1)
        lifts: np.ndarray = np.maximum(LEAST_LIFT, 1.0 + shared - self.weights @ self.usual)
        return lifts

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Return popularity times mean lift; 0 everywhere for an empty history."""
        times = np.asarray(histories.sum(axis=1)).reshape(-1, 1)
        mean = np.divide(histories @ self.lifts, times, out=np.zeros(histories.shape), where=times > 0)
        scores: np.ndarray = mean * self.popular
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Return by how much each family of the history lifts the score of `family`."""
        weights = np.zeros(len(self.families))
        lifted = self.lifts[history.indices, family]
        weights[history.indices] = history.data * lifted * self.popular[family] / max(history.data.sum(), 1.0)
        return weights

    def explain(self, history: History, context: Context, family: str, counts: BookingCounts) -> Evidence:
        """Name the family of the history that `family` is most like, and what they share."""
        return self.likeness(history, family) or seasonal_evidence(counts, context, family)

    def likeness(self, history: History, family: str) -> Evidence | None:
        """Return what `family` shares with the family of the history that is most like it; None: nothing to tell."""
        known = [name for name in (*history.families, *history.viewed) if name in self.index]
        if not known or family in known:
            return None
        column = self.index[family]
        same = {name: self.shared(name, family) for name in known}
        nearest = max(known, key=lambda name: (len(same[name]), self.lifts[self.index[name], column]))
        if not same[nearest]:
            return None
        kind: EvidenceKind = "attributes" if nearest in history.families else "viewed_attributes"
        region, theme = same[nearest].get("region"), same[nearest].get("theme")
        return Evidence(kind, family, because_of=nearest, region=region, theme=theme)

    def region_and_theme(self, family: str) -> tuple[str | None, str | None]:
        """Return what the catalogue says of a family, None where nothing."""
        known, row = self.attributes, self.index[family]
        region, theme = known.region[row], known.theme[row]
        return (
            None if region == UNKNOWN else known.regions[region],
            None if theme == UNKNOWN else known.themes[theme],
        )

    def shared(self, first: str, second: str) -> dict[str, str]:
        """Return the region and theme that two families have in common."""
        ours, theirs = self.region_and_theme(first), self.region_and_theme(second)
        both = zip(("region", "theme"), ours, theirs, strict=True)
        return {name: one for name, one, other in both if one is not None and one == other}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return attributes, popularity and weights."""
        return self.attributes.arrays() | {
            "popular": self.popular,
            "weights": self.weights,
            "usual": self.usual,
        }

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these arrays."""
        return cls(
            families, Attributes.restore(arrays), arrays["popular"], arrays["weights"], arrays["usual"]
        )


def alike(first: Attributes, second: Attributes) -> np.ndarray:
    """Return what each two families share, 0 to 1, 0 where unknown: (4, first, second), in the order of SHARED."""
    words = [
        _same(_words(first.regions, first.region), _words(second.regions, second.region)),
        _same(_words(first.themes, first.theme), _words(second.themes, second.theme)),
    ]
    near = [
        _near(first.nights, second.nights, NIGHTS_APART),
        _near(np.log(np.maximum(first.price, 1e-9)), np.log(np.maximum(second.price, 1e-9)), PRICES_APART),
    ]
    return np.stack([*words, *near])


def _same(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    same: np.ndarray = ((first[:, None] == second[None, :]) & (first != "")[:, None]).astype(np.float64)
    return same


def _near(first: np.ndarray, second: np.ndarray, apart: float) -> np.ndarray:
    near: np.ndarray = np.nan_to_num(np.exp(-np.abs(first[:, None] - second[None, :]) / apart), nan=0.0)
    return near


def _words(words: tuple[str, ...], numbers: np.ndarray) -> np.ndarray:
    """Return the word of each number, empty where unknown."""
    named: np.ndarray = np.array([*words, ""])[numbers]
    return named


def _weights(bookings: Bookings, settings: AttributeSettings) -> tuple[np.ndarray, np.ndarray]:
    """Fit the weights on the pairs of booked families, and what they share on average; zeros with too little."""
    booked = binary(bookings.counts())
    customers = np.bincount(booked.indices, minlength=booked.shape[1])
    chosen = np.sort(np.argsort(-customers, kind="stable")[: min(MOST_PAIRS, (customers > 0).sum())])
    own = sparse.csr_array(booked[:, chosen])
    several = np.asarray(own.sum(axis=1)).ravel() > 1
    own = sparse.csr_array(own[several])
    both = (own.T @ own).toarray().astype(np.float64)
    np.fill_diagonal(both, 0.0)
    expected = _by_chance(both.sum(axis=1))
    upper = np.triu_indices(len(chosen), 1)
    of_chosen = bookings.attributes.take(chosen)
    shared = alike(of_chosen, of_chosen)[:, upper[0], upper[1]]
    chance, found = expected[upper], both[upper]
    if not found.sum():
        return np.zeros(len(SHARED)), np.zeros(len(SHARED))
    root = np.sqrt(chance)
    usual = np.average(shared, axis=1, weights=chance)
    centred = shared - usual[:, None]
    ridge = np.sqrt(settings.ridge / len(SHARED)) * np.eye(len(SHARED))
    design = np.vstack([(centred * root).T, ridge])
    target = np.concatenate([found / np.maximum(root, 1e-9) - root, np.zeros(len(SHARED))])
    return nnls(design, target)[0], usual


def _by_chance(partners: np.ndarray) -> np.ndarray:
    """Return how many pairs chance would give, from how many each family is in: (families, families)."""
    total = max(partners.sum(), 1.0)
    expected = np.outer(partners, partners) / total
    np.fill_diagonal(expected, 0.0)
    scaled: np.ndarray = expected * (total / max(expected.sum(), 1e-9))
    return scaled
