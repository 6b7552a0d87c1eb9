"""Whether a model is worse than it promised, or than it may be: by so much that it matters, and by no accident.

A month counts if it is both far off and unlikely: so unlikely that among all figures looked at together a model that
holds would be accused in one report of a hundred (Bonferroni). The first keeps a large operator from alarms over
nothing, the second a small one from alarms over luck.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from training.monitoring.judging import AUC, BOOKINGS_GAP, GAP
from training.report import Figure
from training.slices import EVERYBODY

LEAST_DROP = 0.04
"""So much of the promised AUC may be missing: as much as it moves with the season while nothing is wrong."""

LIMITS = {GAP: 0.05, BOOKINGS_GAP: 0.2}
"""How far what happened may lie from what was predicted, whatever was promised."""

ACCIDENT = 0.01
_SIGMAS_WIDE = 2 * 1.959964
"""A 95 % interval is so many standard errors wide."""


class Promise(NamedTuple):
    """What was measured of a version on held-out customers when it was trained; low, high: its 95 % interval."""

    value: float
    low: float | None = None
    high: float | None = None


class Alarm(NamedTuple):
    """A figure that is worse than it may be. month: EVERYBODY for all months together."""

    version: str
    month: str
    metric: str
    text: str


def alarms(figures: Sequence[Figure], promises: Mapping[str, Mapping[str, Promise]]) -> list[Alarm]:
    """Return what is wrong with the versions: over all their months first, then month by month.

    promises: by version and metric; a version that promised nothing is only held to LIMITS.
    """
    judged = [one for one in figures if one.metric == AUC or one.metric in LIMITS]
    sigmas = float(norm.isf(ACCIDENT / max(len(judged), 1) / 2))
    found = [
        Alarm(one.model, one.slice, one.metric, text)
        for one in judged
        if (text := _wrong(one, promises.get(one.model, {}).get(AUC), sigmas))
    ]
    return sorted(found, key=lambda alarm: (alarm.version, alarm.month != EVERYBODY, alarm.month))


def _wrong(one: Figure, promised: Promise | None, sigmas: float) -> str | None:
    if one.metric in LIMITS:
        return _off(one, sigmas)
    return None if promised is None else _dropped(one, promised, sigmas)


def _dropped(one: Figure, promised: Promise, sigmas: float) -> str | None:
    drop = promised.value - one.value
    error = np.hypot(_error(one.low, one.high), _error(promised.low, promised.high))
    if drop <= LEAST_DROP or drop <= sigmas * error:
        return None
    return f"AUC {one.value:.3f} against {promised.value:.3f} promised"


def _off(one: Figure, sigmas: float) -> str | None:
    if abs(one.value) <= LIMITS[one.metric] or abs(one.value) <= sigmas * _error(one.low, one.high):
        return None
    more = "more" if one.value > 0 else "fewer"
    if one.metric == GAP:
        return f"{100 * abs(one.value):.1f} of 100 customers {more} stayed away than predicted"
    return f"{100 * abs(one.value):.0f} % {more} bookings than expected"


def _error(low: float | None, high: float | None) -> float:
    """Return the standard error behind an interval; infinite without one."""
    return np.inf if low is None or high is None else (high - low) / _SIGMAS_WIDE
