"""What an action earns on average: the model of rewards that the doubly robust estimates lean on.

It may be crude, since what it gets wrong is corrected by what was seen; the better it is, the narrower the interval.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.metrics import Floats

FOLDS = 5


class Expected(NamedTuple):
    """Expected rewards per choice: of the action taken, and of the challenger's; both (n,)."""

    taken: Floats
    challenger: Floats


def expected_rewards(
    visitor: npt.NDArray[np.generic], taken: Sequence[str], challenger: Sequence[str], reward: Floats
) -> Expected:
    """Return the mean reward of each action among other visitors, drawn towards the mean of all.

    An action counts as if it had been taken once more for every reward that comes on average, with the mean of all
    (empirical Bayes shrinkage). The visitors are dealt into FOLDS; what a fold is told comes from the others alone
    (cross-fitting: Chernozhukov et al., The Econometrics Journal 21, 2018).
    """
    names, codes = np.unique(np.concatenate([taken, challenger]), return_inverse=True)
    mine, others = codes[: len(taken)], codes[len(taken) :]
    _, number = np.unique(visitor, return_inverse=True)
    fold = number % FOLDS
    result = Expected(np.zeros(len(reward)), np.zeros(len(reward)))
    for held_out in range(FOLDS):
        inside, outside = fold != held_out, fold == held_out
        if outside.any():
            mean = _means(mine[inside], reward[inside], len(names))
            result.taken[outside], result.challenger[outside] = mean[mine[outside]], mean[others[outside]]
    return result


def _means(actions: npt.NDArray[np.int64], reward: Floats, size: int) -> Floats:
    overall = float(reward.mean()) if len(reward) else 0.0
    if overall <= 0.0:
        return np.zeros(size)
    prior = 1.0 / overall
    counts, sums = np.bincount(actions, minlength=size), np.bincount(actions, reward, minlength=size)
    means: Floats = (sums + prior * overall) / (counts + prior)
    return means
