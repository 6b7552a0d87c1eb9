"""How far the values of a feature now lie from what they were then, and how far is too far.

Several things are compared by themselves, so that a feature most customers have no value of hides nothing: the share
that is missing, the share that is zero, the distribution of the rest (of texts: of the values), and whether a feature
that told customers apart still does.

A distance counts if it is both large and no accident. Large: above a limit on a scale from 0 to 1 that knows no
sample size. No accident: so unlikely among customers who did not change that any of all features compared would
show it in one check of a hundred at most. The second keeps fifty customers from raising false alarms, the first
keeps half a million from raising true ones that matter to nobody.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2_contingency, fisher_exact, kstwo

from feature_repo.watching.summary import KNOTS, Summary


class Limits(NamedTuple):
    """least: up to here nobody minds. most: from here on it is too far, whatever is usual or if that is not known."""

    least: float
    most: float


LIMITS = {
    "missing": Limits(0.2, 0.5),
    "zero": Limits(0.2, 0.5),
    "values": Limits(0.5, 0.8),
    "constant": Limits(0.05, 0.05),
}
"""How much shares may change, and how far distributions may lie apart (numbers: the largest difference of their
cumulative shares, Kolmogorov-Smirnov; texts: half the sum of the differences of their shares, total variation). A
feature may become constant if so few had had another value than the commonest. Ages move by a month or two
from a season to the next while nothing is wrong; a bell curve moved by 1.35 standard deviations lies 0.5 apart."""

USUAL = 1.5
"""So many times as far as in the year before values may move."""

ACCIDENT = 0.01
"""How likely a false alarm of any feature may be in one check."""

LEAST_EXPECTED = 5
"""Texts expected less often are counted together: Cochran's rule for the chi-square test."""


class Distance(NamedTuple):
    """How far apart two summaries are in one respect.

    what: a key of LIMITS. distance: 0 (alike) to 1. chance: tells how likely that is among customers who did not
    change; a call, since most distances are too short to ask.
    """

    what: str
    distance: float
    chance: Callable[[], float]


class Drift(NamedTuple):
    """A distance, and the limit it is held to: `drifted` if it is beyond and no accident."""

    what: str
    distance: float
    limit: float
    drifted: bool


def distances(now: Summary, then: Summary) -> Iterator[Distance]:
    """Compare two summaries of a feature in every respect that both have values for."""
    if now.rows and then.rows:
        yield _of_shares("missing", (now.nulls, now.rows), (then.nulls, then.rows))
    if now.told and then.told:
        if now.is_text:
            yield _of_texts(now, then)
        else:
            yield _of_shares("zero", (now.zeros, now.told), (then.zeros, then.told))
        if now.distinct == 1 < then.distinct:
            yield Distance("constant", 1 - then.commonest, lambda: then.commonest**now.told)
    if now.others and then.others and not now.is_text:
        yield _of_values(now, then)


def drifts(now: Summary, then: Summary, before: Summary | None, tests: int) -> list[Drift]:
    """Judge each distance from then to now.

    before: the same season a year before `then`, if it is known: as far as it lay from `then`, values usually move
    in a year, and may again. Otherwise only gross distances count. tests: how many features are judged together.
    """
    usual = None if before is None else {one.what: one.distance for one in distances(then, before)}
    judged = []
    for what, distance, chance in distances(now, then):
        limit = _limit(what, usual)
        drifted = distance > limit and chance() < ACCIDENT / (len(LIMITS) * tests)
        judged.append(Drift(what, distance, limit, drifted))
    return judged


def _limit(what: str, usual: Mapping[str, float] | None) -> float:
    least, most = LIMITS[what]
    return most if usual is None else min(max(least, USUAL * usual.get(what, 0.0)), most)


def _of_shares(what: str, now: tuple[int, int], then: tuple[int, int]) -> Distance:
    """Fisher's exact test."""
    table = [[count, total - count] for count, total in (now, then)]
    distance = abs(now[0] / now[1] - then[0] / then[1])
    return Distance(what, distance, lambda: float(fisher_exact(table).pvalue))


def _of_values(now: Summary, then: Summary) -> Distance:
    """Two-sample Kolmogorov-Smirnov at the points of either summary; the chance as `scipy.stats.ks_2samp` has it."""
    points = np.union1d(now.values, then.values)
    distance = float(np.abs(now.at_most(points) - then.at_most(points)).max())
    size = now.others * then.others / (now.others + then.others)
    sure = max(distance - 2 / KNOTS, 0.0)  # so far may both be off between the points that were kept
    return Distance("values", distance, lambda: float(kstwo.sf(sure, max(round(size), 1))))


def _of_texts(now: Summary, then: Summary) -> Distance:
    """Chi-square test of the values, rare ones counted together."""
    names = sorted({name for one in (now, then) for name, _ in one.categories})
    table = np.array([_counts(one, names) for one in (now, then)], dtype=np.float64)
    shares = table / table.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return Distance("values", distance, lambda: _chance_of(_rare_together(table)))


def _counts(summary: Summary, names: list[str]) -> list[int]:
    known = dict(summary.categories)
    counts = [known.get(name, 0) for name in names]
    return [*counts, summary.told - sum(counts)]


def _rare_together(table: np.ndarray) -> np.ndarray:
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    rare = expected < LEAST_EXPECTED
    together = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    return together[:, together.sum(axis=0) > 0]


def _chance_of(table: np.ndarray) -> float:
    return float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0
