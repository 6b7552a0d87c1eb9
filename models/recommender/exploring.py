"""A little chance in what is shown, with its exact probabilities, so that another recommender can be judged by it.

A ranking that is always the best known can only be compared with itself: what it never shows, nobody can click. So,
where the operator allows it, the last place of a list is now and then drawn from the next best. The places above are
never touched, and nothing is drawn that the recommender would rank far below.

With probability 1 - share the best of the candidates left stands in the last place. Otherwise one of the CHOICES best
of them is drawn as Plackett and Luce draw a first place (Plackett, Applied Statistics 24, 1975) with weights 1/rank:
weights by rank, not by score, keep every propensity above share / (CHOICES * H), H = 1 + 1/2 + ... + 1/CHOICES,
whatever scale the scores have, and with it the weights of the off-policy estimate below its inverse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

CHOICES = 10
"""How many of the best candidates left may be drawn for the last place."""

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A list as it is shown.

    shown: from the first place on. propensity: the chance (0-1] that the last of them stood there, given those above;
    1 where it was not drawn. alternatives: who might have stood there, best first, the drawn one among them; empty
    where nothing was drawn.
    """

    shown: tuple[T, ...]
    propensity: float = 1.0
    alternatives: tuple[T, ...] = ()


def chances(candidates: int, share: float) -> np.ndarray:
    """Return the probability of each candidate left, best first, to stand in the last place: (candidates,), sum 1.

    share: how often it is drawn at all, 0-1.

    >>> chances(2, 0.3).round(3).tolist()
    [0.9, 0.1]
    """
    weights = 1.0 / np.arange(1, candidates + 1)
    drawn: np.ndarray = share * weights / weights.sum()
    drawn[0] += 1.0 - share
    return drawn


def explored(ranked: Sequence[T], n: int, share: float, number: float) -> Listed[T]:
    """Return the n best, the last of them drawn from the CHOICES best left.

    ranked: best first, at least n + CHOICES - 1 where there are so many. number: uniform in [0, 1), decides the draw.
    """
    left = tuple(ranked[n - 1 : n - 1 + CHOICES])
    if n < 1 or len(left) < 2 or share <= 0.0:
        return Listed(tuple(ranked[:n]))
    probabilities = chances(len(left), share)
    place = min(int(np.searchsorted(np.cumsum(probabilities), number, side="right")), len(left) - 1)
    return Listed((*ranked[: n - 1], left[place]), float(probabilities[place]), left)
