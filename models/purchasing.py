"""How often customers come back and what they spend, as probabilities: BG/NBD and Gamma-Gamma.

BG/NBD: Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
Marketing Science 24(2). MBG/NBD, where customers may also leave after their first purchase: Batislam, Denizel and
Filiztekin (2007), Int. J. of Research in Marketing 24(3). Gamma-Gamma: Fader and Hardie (2013), The Gamma-Gamma model
of monetary value.

Both are fitted by maximum a posteriori: weak log-normal priors on the parameters, in units of the data, stand beside
the likelihood. With thousands of customers they change nothing; with a dozen, or a history without a single repeat,
where the likelihood has no maximum, they are the fall-back: the answer is then a plain average instead of a failure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

Floats = npt.NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]

MOST_ROWS = 20_000
"""A fit looks at so many customers, evenly picked; more would move the parameters by less than a hundredth."""

ROUGHLY = 2_000
"""So many choose among the starts."""

PRIOR_WIDTH = 2.0
"""Standard deviation of the priors, in logarithms: a factor of seven either way is nothing unusual."""

_FARTHEST = 9.0
_SINGULAR = 1e-6
_STARTS = ((0.0, 0.0, 0.0, 0.0), (-1.0, -1.5, -0.5, 1.0), (1.0, 1.0, -1.5, 1.0))


class _Histories(NamedTuple):
    """repeats, recency and age of customers (in units of the fit), and what each counts."""

    repeats: Floats
    recency: Floats
    age: Floats
    weights: Floats


@dataclass(frozen=True)
class PurchaseModel:
    """BG/NBD: customers buy at random at a rate of their own until, after some purchase, they leave unnoticed.

    r, alpha: purchases per day are Gamma(r, alpha) over customers. a, b: the chance to leave after a purchase is
    Beta(a, b). leaves_at_once: whether the first purchase may be followed by leaving too (MBG/NBD).

    All methods take arrays (customers,): frequency (purchases after the first, whole numbers from 0), recency (days
    from the first to the last, 0 without a repeat) and age (days from the first until now), and return (customers,).
    """

    r: float
    alpha: float
    a: float
    b: float
    leaves_at_once: bool = False

    @classmethod
    def fit(
        cls,
        frequency: npt.ArrayLike,
        recency: npt.ArrayLike,
        age: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        leaves_at_once: bool = False,
    ) -> Self:
        """Fit to customers; weights: how much each counts (1 each without). Never fails for want of data."""
        repeats, last, now = _checked(frequency, recency, age)
        counted = np.ones_like(now) if weights is None else np.asarray(weights, np.float64)
        kept = _evenly(len(now))
        unit = max(float(np.mean(now)), 1.0) if len(now) else 1.0
        seen = _Histories(repeats[kept], last[kept] / unit, now[kept] / unit, counted[kept])
        few = _Histories(*(column[_evenly(len(kept), ROUGHLY)] for column in seen))
        rough = _least(partial(_unlikeliness, seen=few, first=int(leaves_at_once)), _STARTS)
        best = _least(partial(_unlikeliness, seen=seen, first=int(leaves_at_once)), [rough])
        r, alpha, a, b = np.exp(best)
        return cls(float(r), float(alpha * unit), float(a), float(b), leaves_at_once)

    def alive(self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Floats:
        """Return the chance (0-1) that a customer is still one; BG/NBD is sure of it before the first repeat."""
        x, last, now = _checked(frequency, recency, age)
        waited = np.log(self.alpha + now) - np.log(self.alpha + last)
        gone = (
            np.log(self.a) - np.log(_chances_to_stay(self.b, x, self.leaves_at_once)) + (self.r + x) * waited
        )
        return np.asarray(expit(-gone), np.float64)

    def expected(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: float
    ) -> Floats:
        """Return the expected purchases in the next `horizon` days (equation 10).

        With Euler's transformation of the hypergeometric function, which stays finite for thousands of purchases.
        """
        x, _, now = _checked(frequency, recency, age)
        z = horizon / (self.alpha + now + horizon)
        less = self.a - 1 if abs(self.a - 1) > _SINGULAR else _SINGULAR
        total = less + self.b + x + self.leaves_at_once
        total = np.where(np.abs(total) > _SINGULAR, total, _SINGULAR)
        shrunk = (1 - z) ** less * hyp2f1(less + self.b - self.r + self.leaves_at_once, less, total, z)
        staying = total / less * (1 - shrunk)
        return np.asarray(self.alive(frequency, recency, age) * np.maximum(staying, 0.0), np.float64)

    def no_purchase(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: npt.ArrayLike
    ) -> Floats:
        """Return the chance (0-1) of no purchase in the next `horizon` days: gone already, or slow to come."""
        x, _, now = _checked(frequency, recency, age)
        then = self.alpha + now + np.asarray(horizon, np.float64)
        waits = np.exp((self.r + x) * (np.log(self.alpha + now) - np.log(then)))
        return np.asarray(1.0 - self.alive(frequency, recency, age) * (1.0 - waits), np.float64)


@dataclass(frozen=True)
class SpendModel:
    """Gamma-Gamma: each purchase of a customer scatters around a mean of their own, whatever their frequency.

    p: shape of the purchases; q, v: shape and rate of what differs between customers, in the data's money. q > 1.
    """

    p: float
    q: float
    v: float

    @classmethod
    def fit(cls, frequency: npt.ArrayLike, mean_spend: npt.ArrayLike) -> Self:
        """Fit to customers: purchases (whole numbers) and what these cost on average.

        Who bought nothing, or for nothing, teaches nothing. If that is everybody, every expectation is nought.
        """
        x, spent = np.asarray(frequency, np.float64), np.asarray(mean_spend, np.float64)
        paid = (x > 0) & (spent > 0) & np.isfinite(spent)
        x, spent = x[paid], spent[paid]
        kept = _evenly(len(x))
        if not len(kept):
            return cls(1.0, 2.0, 0.0)
        unit = float(np.exp(np.mean(np.log(spent))))
        best = _least(
            lambda logs: _oddness(logs, x[kept], spent[kept] / unit), ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        )
        p, above_one, v = np.exp(best)
        return cls(float(p), float(1 + above_one), float(v * unit))

    def expected(self, frequency: npt.ArrayLike, mean_spend: npt.ArrayLike) -> Floats:
        """Return what a customer's purchases cost on average, shrunk towards everybody's (equation 5).

        frequency, mean_spend: (customers,); without purchases the mean spend does not matter.
        """
        x = np.asarray(frequency, np.float64)
        spent = np.where(x > 0, np.nan_to_num(np.asarray(mean_spend, np.float64)), 0.0)
        return np.asarray(self.p * (self.v + x * spent) / (self.p * x + self.q - 1), np.float64)


def _checked(*columns: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return frequency, recency and age as arrays that can be: 0 <= recency <= age, recency 0 without a repeat."""
    x, last, now = (np.maximum(np.asarray(column, np.float64), 0.0) for column in columns)
    return x, np.where(x > 0, np.minimum(last, now), 0.0), now


def _evenly(rows: int, most: int = MOST_ROWS) -> npt.NDArray[np.int64]:
    """Return up to `most` places out of `rows`, evenly spread."""
    return np.unique(np.linspace(0, max(rows - 1, 0), min(rows, most)).astype(np.int64))


def _chances_to_stay(b: float, x: Floats, leaves_at_once: bool) -> Floats:
    """Return b + the purchases after which the customer was seen to stay; infinite without any."""
    return b + x if leaves_at_once else np.where(x > 0, b + x - 1, np.inf)


def _unlikeliness(logs: Floats, seen: _Histories, first: int) -> tuple[float, Floats]:
    """Return minus the log posterior of (r, alpha, a, b) as logarithms, and its slope (equation 6).

    first: 1 if the first purchase may be followed by leaving, else 0.
    """
    r, alpha, a, b = np.exp(logs)
    x, last, now, weights = seen.repeats, seen.recency, seen.age, seen.weights
    stays, still = x + first, alpha + now
    here = -(r + x) * np.log(still)
    gone_after = _chances_to_stay(b, x, bool(first))
    gone = np.log(a) - np.log(gone_after) - (r + x) * np.log(alpha + last)
    either = np.logaddexp(here, gone)
    gone_share = np.exp(gone - either)
    log_likelihood = (
        gammaln(r + x) - gammaln(r) + r * logs[1]
        + gammaln(a + b) + gammaln(b + stays) - gammaln(b) - gammaln(a + b + stays) + either
    )  # fmt: skip
    both, all_stays = digamma(a + b), digamma(a + b + stays)
    slopes = (
        digamma(r + x) - digamma(r) + logs[1]
        - (1 - gone_share) * np.log(still) - gone_share * np.log(alpha + last),
        r / alpha - (r + x) * ((1 - gone_share) / still + gone_share / (alpha + last)),
        both - all_stays + gone_share / a,
        both - all_stays + digamma(b + stays) - digamma(b) - gone_share / gone_after,
    )  # fmt: skip
    return _with_prior(logs, log_likelihood, slopes, weights)


def _oddness(logs: Floats, x: Floats, spent: Floats) -> tuple[float, Floats]:
    """Return minus the log posterior of (p, q - 1, v) as logarithms, and its slope (equation 1a)."""
    p, above_one, v = np.exp(logs)
    q, total = 1 + above_one, x * spent
    px, spread = p * x, np.log(v + total)
    log_likelihood = (
        gammaln(px + q) - gammaln(px) - gammaln(q) + q * logs[2] + px * np.log(total) - (px + q) * spread
    )
    slopes = (
        x * (digamma(px + q) - digamma(px) + np.log(total) - spread),
        digamma(px + q) - digamma(q) + logs[2] - spread,
        q / v - (px + q) / (v + total),
    )
    return _with_prior(logs, log_likelihood, slopes, np.ones_like(x))


def _with_prior(
    logs: Floats, log_likelihood: Floats, slopes: Sequence[Floats], weights: Floats
) -> tuple[float, Floats]:
    """Add the prior; slopes: of the log likelihood, by parameter (not by its logarithm)."""
    prior = float(np.sum((logs / PRIOR_WIDTH) ** 2)) / 2
    slope = np.array([weights @ one for one in slopes]) * np.exp(logs)
    return prior - float(weights @ log_likelihood), logs / PRIOR_WIDTH**2 - slope


def _least(objective: Objective, starts: Sequence[npt.ArrayLike]) -> Floats:
    """Minimise from several starts (L-BFGS-B); the best point seen counts, converged or not."""
    fits = [
        minimize(
            objective,
            np.asarray(start, np.float64),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_FARTHEST, _FARTHEST)] * np.size(start),
        )
        for start in starts
    ]
    return np.asarray(min(fits, key=lambda fit: float(fit.fun)).x, np.float64)
