"""Rung 1: what people book for the season, from where they board."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from models.recommender.attributes import UNKNOWN, Attributes
from models.recommender.bookings import Bookings
from models.recommender.contexts import Contexts
from models.recommender.contract import Context, Evidence, History, Rung, Settings, seasonal_evidence
from models.recommender.counts import BookingCounts


class SeasonSettings(Settings):
    """What popularity is made of.

    half_life_days: after it a customer's latest booking counts half. prior_customers: weight of the regions' season
    in a month. stop_prior: weight of all customers beside those of a boarding point. newcomer: what a family just
    published is taken for, as a share of what others of its region and theme have; half of it is left after
    newcomer_days.
    """

    half_life_days: float = Field(default=730.0, gt=0)
    prior_customers: float = Field(default=10.0, gt=0)
    stop_prior: float = Field(default=200.0, gt=0)
    newcomer: float = Field(default=1.0, ge=0)
    newcomer_days: float = Field(default=120.0, gt=0)


@dataclass(frozen=True)
class SeasonPopularity(Rung):
    """Families by the customers who booked them for a travel month, recent ones counting more.

    A customer counts once per family and month, with the weight of the latest booking. Neighbouring months
    count half (a circular triangle kernel: Silverman, Density Estimation, 1986, section 2.4). Months with few
    customers lean on the year: on the month's share of each region, shared out as in the year, and that on the whole
    year (Dirichlet priors: Zhai and Lafferty, SIGIR 2001, eq. 6). So does a boarding point on all of them.

    shares: (13, families); row 0: any month; each row sums to 1. lifts: (stops + 1, families), how much more often a
    family is booked from a boarding point; the last row is for none and all ones.
    """

    name: ClassVar[str] = "season_popularity"
    complete: ClassVar[bool] = True
    families: tuple[str, ...]
    shares: np.ndarray
    lifts: np.ndarray

    @classmethod
    def fit(cls, bookings: Bookings, settings: SeasonSettings) -> Self:
        """Weigh each customer's latest booking of each family, by month, by stop and over all."""
        new, booked = _newcomers(bookings, settings), _weighted(bookings, settings)
        year = booked + new
        months = np.stack([_weighted(bookings.of_month(m), settings) for m in range(1, 13)])
        smooth = months / 2 + (np.roll(months, 1, axis=0) + np.roll(months, -1, axis=0)) / 4
        overall = year / year.sum()
        prior = _by_region(smooth, overall, bookings.attributes, settings.prior_customers)
        monthly = smooth.sum() / (12 * max(booked.sum(), 1.0))
        seasonal = np.divide(prior, overall, out=np.ones_like(prior), where=overall > 0)
        leaning = smooth + new * monthly * seasonal + settings.prior_customers * prior
        shares = np.vstack([overall, leaning / leaning.sum(axis=1, keepdims=True)])
        return cls(bookings.families, shares, _lifts(bookings, overall, settings))

    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Return the shares of each month from each boarding point, whatever the history."""
        lifted = self.shares[contexts.months] * self.lifts[contexts.stops]
        scores: np.ndarray = lifted / lifted.sum(axis=1, keepdims=True)
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Return zeros: no history is read."""
        return np.zeros(len(self.families))

    def explain(self, history: History, context: Context, family: str, counts: BookingCounts) -> Evidence:
        """Say how many customers booked `family` for the month."""
        return seasonal_evidence(counts, context, family)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return shares and lifts."""
        return {"shares": self.shares, "lifts": self.lifts}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these shares and lifts."""
        return cls(families, arrays["shares"], arrays["lifts"])


@dataclass(frozen=True)
class RepeatOfSeason(SeasonPopularity):
    """Rung 2: the same popularity, once it is settled whether the customer repeats or tries something new.

    The chances of that are each customer's own: see `RepeatOrNew`, which every rung but the first goes through.
    """

    name: ClassVar[str] = "repeat_or_new"
    complete: ClassVar[bool] = False


def _weighted(bookings: Bookings, settings: SeasonSettings) -> np.ndarray:
    """Return per family the sum over its customers of the weight of the latest booking: (families,)."""
    weights = np.exp2(-np.maximum(bookings.age_days, 0.0) / settings.half_life_days)
    pair = bookings.customer.astype(np.int64) * len(bookings.families) + bookings.family
    order = np.lexsort((-weights, pair))
    _, first = np.unique(pair[order], return_index=True)
    latest = order[first]
    weighted: np.ndarray = np.bincount(
        bookings.family[latest], weights[latest], minlength=len(bookings.families)
    )
    return weighted


def _newcomers(bookings: Bookings, settings: SeasonSettings) -> np.ndarray:
    """Return the customers that new families are taken to have already, (families,); 0 for old ones."""
    known = bookings.attributes
    customers = _weighted(bookings, settings)
    new = np.exp2(-np.nan_to_num(known.since_days, nan=np.inf) / settings.newcomer_days)
    taken_for: np.ndarray = settings.newcomer * new * _of_their_kind(customers, known)
    return taken_for


def _of_their_kind(customers: np.ndarray, known: Attributes) -> np.ndarray:
    """Return the mean customers of the booked families of the same region or theme, else of all: (families,)."""
    booked = customers > 0
    overall = customers[booked].mean() if booked.any() else 1.0
    means = np.full(len(customers), overall)
    for kind in (known.region, known.theme):
        of_kind = np.bincount(kind[booked] + 1, customers[booked], minlength=kind.max(initial=0) + 2)
        members = np.bincount(kind[booked] + 1, minlength=kind.max(initial=0) + 2)
        mean = (of_kind + overall) / (members + 1)
        means = means + np.where(kind == UNKNOWN, overall, mean[kind + 1])
    result: np.ndarray = means / 3
    return result


def _by_region(smooth: np.ndarray, overall: np.ndarray, known: Attributes, prior: float) -> np.ndarray:
    """Return each month's shares of the regions, shared out within them as over the year: (12, families).

    A region that nobody has booked yet has its yearly share in every month.
    """
    region = np.where(known.region == UNKNOWN, len(known.regions), known.region)
    regions = len(known.regions) + 1
    member = np.zeros((len(region), regions))
    member[np.arange(len(region)), region] = 1.0
    yearly = overall @ member
    booked = smooth @ member
    monthly = booked + prior * yearly
    monthly /= monthly.sum(axis=1, keepdims=True)
    monthly = np.where(booked.any(axis=0), monthly, yearly)
    within = np.divide(overall, yearly[region], out=np.zeros_like(overall), where=yearly[region] > 0)
    prior_shares: np.ndarray = monthly[:, region] * within
    return prior_shares


def _lifts(bookings: Bookings, overall: np.ndarray, settings: SeasonSettings) -> np.ndarray:
    lifts = np.ones((len(bookings.stops) + 1, len(overall)))
    for stop in range(len(bookings.stops)):
        own = _weighted(bookings.where(bookings.stop == stop), settings)
        leaning = (own + settings.stop_prior * overall) / (own.sum() + settings.stop_prior)
        lifts[stop] = np.divide(leaning, overall, out=np.ones_like(overall), where=overall > 0)
    return lifts
