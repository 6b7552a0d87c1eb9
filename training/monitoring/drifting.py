"""Whether scores lie elsewhere than they did: known on the day they are made, before anybody knows the outcome."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp

from training.metrics import Floats

BINS = 10
PSI_LIMIT = 0.25
"""From here on a population is usually called another one (Siddiqi, Credit Risk Scorecards, 2006, chapter 11)."""

ACCIDENT = 0.01
YEAR, SEASON = timedelta(days=365), timedelta(days=15)
_FEW = 200
"""Below this many customers the chance is computed exactly."""

_EMPTY = 0.5
"""An empty bin counts as half a customer, so that the index stays finite."""


Key = tuple[str, datetime]
"""Version and moment of a scoring."""


class Drifted(NamedTuple):
    """How far the scores of a moment lie from those of an earlier one.

    version, as_of: the scoring; against: the earlier one, of against_version. psi: population stability index. ks:
    the largest difference of the cumulative shares, 0 to 1. chance: how likely that is among customers who did not
    change. drifted: psi beyond PSI_LIMIT, and no accident.
    """

    version: str
    as_of: datetime
    against: datetime
    against_version: str
    psi: float
    ks: float
    chance: float
    drifted: bool


def reference_for(as_of: datetime, version: str, scored: Collection[Key]) -> Key | None:
    """Return the scoring of the same season a year before, if there is one; by the same version if it can be.

    Nothing else is compared with: in a trade that lives by the season, scores of June lie elsewhere than in April
    while nothing is wrong.
    """
    season = [(of, then) for of, then in scored if abs(as_of - then - YEAR) <= SEASON]
    return min(season, key=lambda key: (key[0] != version, abs(as_of - key[1] - YEAR), key[1]), default=None)


def drift_of(now: Floats, then: Floats, key: Key, against: Key, tests: int = 1) -> Drifted:
    """Compare two sets of scores. tests: how many comparisons are judged together."""
    psi, (ks, chance) = stability_index(now, then), _smirnov(now, then)
    drifted = psi > PSI_LIMIT and chance < ACCIDENT / tests
    return Drifted(*key, against[1], against[0], psi, ks, chance, drifted)


def stability_index(now: Floats, then: Floats) -> float:
    """Return the population stability index over the deciles of `then`: sum of (p - q) ln (p / q), at least 0.

    >>> stability_index(np.arange(100.0), np.arange(100.0))
    0.0
    """
    edges = np.unique(np.quantile(then, np.linspace(0, 1, BINS + 1)[1:-1]))
    p, q = (_shares(values, edges) for values in (now, then))
    return float(((p - q) * np.log(p / q)).sum())


def _shares(values: Floats, edges: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    counts = np.maximum(counts, _EMPTY)
    shares: Floats = counts / counts.sum()
    return shares


def _smirnov(now: Floats, then: Floats) -> tuple[float, float]:
    found = ks_2samp(now, then, method="exact" if min(len(now), len(then)) < _FEW else "asymp")
    return float(found.statistic), float(found.pvalue)
