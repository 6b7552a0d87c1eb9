"""Rung 1: what people book for the season."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from models.recommender.bookings import Bookings
from models.recommender.contract import Context, Evidence, History, Rung, Settings, seasonal_evidence
from models.recommender.counts import BookingCounts


class SeasonSettings(Settings):
    """half_life_days: after it a customer's latest booking counts half. prior_customers: weight of all months."""

    half_life_days: float = Field(default=730.0, gt=0)
    prior_customers: float = Field(default=10.0, gt=0)


@dataclass(frozen=True)
class SeasonPopularity(Rung):
    """Families by the customers who booked them for a travel month, recent ones counting more.

    A customer counts once per family and month, with the weight of the latest booking. Neighbouring months
    count half (a circular triangle kernel: Silverman, Density Estimation, 1986, section 2.4). Months with few
    customers lean on the whole year (Dirichlet prior: Zhai and Lafferty, SIGIR 2001, eq. 6).

    shares: (13, families); row 0: any month; each row sums to 1.
    """

    name: ClassVar[str] = "season_popularity"
    families: tuple[str, ...]
    shares: np.ndarray

    @classmethod
    def fit(cls, bookings: Bookings, settings: SeasonSettings) -> Self:
        """Weigh each customer's latest booking of each family, by month and over all months."""
        year = _weighted_customers(bookings, settings.half_life_days)
        months = np.stack(
            [_weighted_customers(bookings.of_month(m), settings.half_life_days) for m in range(1, 13)]
        )
        smooth = months / 2 + (np.roll(months, 1, axis=0) + np.roll(months, -1, axis=0)) / 4
        overall = year / year.sum()
        leaning = smooth + settings.prior_customers * overall
        return cls(bookings.families, np.vstack([overall, leaning / leaning.sum(axis=1, keepdims=True)]))

    def score_many(self, histories: sparse.csr_array, months: np.ndarray) -> np.ndarray:
        """Return the shares of each month, whatever the history."""
        scores: np.ndarray = self.shares[months]
        return scores

    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Return zeros: no history is read."""
        return np.zeros(len(self.families))

    def explain(self, history: History, context: Context, family: str, counts: BookingCounts) -> Evidence:
        """Say how many customers booked `family` for the month."""
        return seasonal_evidence(counts, context, family)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the shares."""
        return {"shares": self.shares}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung with these shares."""
        return cls(families, arrays["shares"])


def _weighted_customers(bookings: Bookings, half_life_days: float) -> np.ndarray:
    """Return per family the sum over its customers of the weight of the latest booking: (families,)."""
    weights = np.exp2(-np.maximum(bookings.age_days, 0.0) / half_life_days)
    pair = bookings.customer.astype(np.int64) * len(bookings.families) + bookings.family
    order = np.lexsort((-weights, pair))
    _, first = np.unique(pair[order], return_index=True)
    latest = order[first]
    return np.bincount(bookings.family[latest], weights[latest], minlength=len(bookings.families))
