"""What a challenger's choices would have earned, estimated from outcomes of choices made by chance.

In each logged choice the logging policy drew one action with a known propensity, and a reward was seen. The weight
w = (chance that the challenger takes the same action) / (propensity) makes what was logged stand for what would have
been. Every figure here is a mean over choices; its interval is the percentile bootstrap over visitors, since choices
of one visitor are not independent.

- clipped inverse propensity scoring (Horvitz and Thompson 1952; weights above sqrt(n) count as sqrt(n): Ionides,
  Journal of Computational and Graphical Statistics 17, 2008),
- self-normalised (Swaminathan and Joachims, NIPS 2015, eq. 8),
- doubly robust (Dudík, Langford and Li, ICML 2011, eq. 3): a model of the reward, corrected by weighted residuals;
  right if either is,
- doubly robust with optimistically shrunk weights lambda w / (w^2 + lambda) (Su, Dimakopoulou, Krishnamurthy and
  Dudík, ICML 2020, section 3). lambda = n, by which no weight exceeds sqrt(n) / 2: chosen by the data, as the paper
  does, its intervals missed the truth in two to four of ten simulated logs, for no smaller an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.metrics import Floats, Interval

IPS, SNIPS, DR, DR_SHRUNK = "clipped_ips", "self_normalised_ips", "doubly_robust", "doubly_robust_shrunk"
LOGGED = "logging_policy"
ESTIMATORS = (IPS, SNIPS, DR, DR_SHRUNK)

LEAST_EFFECTIVE, LEAST_REWARDS = 100.0, 10
"""Below this effective sample size, or with fewer rewarded choices that the challenger shares, nothing is claimed:
the simulation of `benchmarks.off_policy` shows the intervals to hold from about there on."""

RESAMPLES = 1_000


@dataclass(frozen=True)
class Choices:
    """Logged choices, one row each.

    visitor: whose choice, any labels. propensity: chance (0-1] of the action taken. target: chance (0-1) that the
    challenger takes it. reward: what came of it, at least 0. modelled: the reward a model expects of the action
    taken; expected: of the challenger's. A model fitted on other visitors' choices keeps the estimates honest.
    """

    visitor: npt.NDArray[np.generic]
    propensity: Floats
    target: Floats
    reward: Floats
    modelled: Floats
    expected: Floats

    @property
    def weights(self) -> Floats:
        """How much each choice stands for the challenger's."""
        return self.target / self.propensity


class Estimate(NamedTuple):
    """A mean reward per choice, and what it is more than the logging policy's, each with its 95 % interval."""

    value: float
    interval: Interval
    gain: float
    gain_interval: Interval


@dataclass(frozen=True)
class Overlap:
    """How much of the challenger was seen.

    shared: choices in which both agree, or might. rewards: how many of them were rewarded. effective: the size of an
    unweighted sample that would tell as much (Kish, Survey Sampling, 1965): (sum w)^2 / sum w^2. mean_weight: about 1
    if the propensities are true; far from it, they are not.
    """

    choices: int
    visitors: int
    shared: int
    rewards: int
    effective: float
    mean_weight: float
    largest_weight: float

    @property
    def refusal(self) -> str | None:
        """Why nothing can be claimed, in a sentence; None if something can."""
        if self.effective < LEAST_EFFECTIVE:
            return (
                f"the choices shared with the challenger are worth {self.effective:.0f} unweighted ones, "
                f"at least {LEAST_EFFECTIVE:.0f} are needed: log more traffic, or explore a greater share of it"
            )
        if self.rewards < LEAST_REWARDS:
            return (
                f"{self.rewards} of the choices shared with the challenger were rewarded, "
                f"at least {LEAST_REWARDS} are needed: log more traffic"
            )
        return None


def overlap(choices: Choices) -> Overlap:
    """Measure how much of the challenger the logged choices cover."""
    weights = choices.weights
    shared = weights > 0
    square = float(weights @ weights)
    return Overlap(
        choices=len(weights),
        visitors=len(np.unique(choices.visitor)),
        shared=int(shared.sum()),
        rewards=int((choices.reward[shared] > 0).sum()),
        effective=float(weights.sum()) ** 2 / square if square else 0.0,
        mean_weight=float(weights.mean()) if len(weights) else 0.0,
        largest_weight=float(weights.max(initial=0.0)),
    )


def estimates(choices: Choices, seed: int, resamples: int = RESAMPLES) -> Mapping[str, Estimate]:
    """Return every estimator's value of the challenger, and the logging policy's own under LOGGED.

    They are computed whatever the overlap is; ask `overlap` first whether they mean anything.
    """
    sums = _by_visitor(choices)
    whole = _values(sums.sum(axis=0)[None])[0]
    drawn = _values(_resampled(sums, seed, resamples))
    names = (LOGGED, *ESTIMATORS)
    return {
        name: Estimate(
            float(whole[place]),
            _middle(drawn[:, place]),
            float(whole[place] - whole[0]),
            _middle(drawn[:, place] - drawn[:, 0]),
        )
        for place, name in enumerate(names)
    }


def shrunk(weights: Floats, strength: float) -> Floats:
    """Return the weights, those far above sqrt(strength) brought down to near zero.

    >>> shrunk(np.array([0.0, 1.0, 100.0]), 100.0).round(3).tolist()
    [0.0, 0.99, 0.99]
    """
    return strength * weights / (weights * weights + strength)


def _by_visitor(choices: Choices) -> Floats:
    """Return per visitor the sums that every figure is a ratio of: (visitors, 7)."""
    weights, residual = choices.weights, choices.reward - choices.modelled
    clipped = np.minimum(weights, np.sqrt(len(weights)))
    less = shrunk(weights, float(len(weights)))
    columns = (
        np.ones_like(weights),
        choices.reward,
        clipped * choices.reward,
        weights * choices.reward,
        weights,
        choices.expected + weights * residual,
        choices.expected + less * residual,
    )
    _, visitor = np.unique(choices.visitor, return_inverse=True)
    return np.stack([np.bincount(visitor, column) for column in columns], axis=1)


def _values(sums: Floats) -> Floats:
    """Return LOGGED and the ESTIMATORS from sums: (samples, 7) to (samples, 5)."""
    n, reward, clipped, weighted, weight, doubly, doubly_less = sums.T
    normalised = np.divide(weighted, weight, out=np.full_like(weight, np.nan), where=weight > 0)
    return np.stack([reward / n, clipped / n, normalised, doubly / n, doubly_less / n], axis=1)


def _resampled(sums: Floats, seed: int, resamples: int) -> Floats:
    generator, size = np.random.default_rng(seed), len(sums)
    drawn = (np.bincount(generator.integers(0, size, size), minlength=size) for _ in range(resamples))
    return np.stack([counts @ sums for counts in drawn])


def _middle(values: Floats) -> Interval:
    told = values[~np.isnan(values)]
    if not len(told):
        return Interval(np.nan, np.nan)
    low, high = np.percentile(told, [2.5, 97.5])
    return Interval(float(low), float(high))
