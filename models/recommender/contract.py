"""What is asked of a recommender, what it answers, and the one contract of its rungs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import sparse

from models.recommender.bookings import Bookings
from models.recommender.counts import BookingCounts

ANY_MONTH = 0
"""Stands for "no travel month asked for" in arrays of months."""

EvidenceKind = Literal["own_history", "also_booked", "season_popularity", "viewed"]


@dataclass(frozen=True)
class History:
    """What is known of a visitor: families booked and how often, families only looked at."""

    families: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    viewed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.families) != len(self.counts):
            raise ValueError(f"{len(self.families)} families, but {len(self.counts)} counts")


@dataclass(frozen=True)
class Context:
    """What the visitor asks for. month: of travel (1-12); None: any."""

    month: int | None = None


@dataclass(frozen=True)
class Evidence:
    """Why `family` is suggested, in numbers that are true in the training bookings.

    own_history: booked `times` times by the visitor. also_booked: of `customers` who booked `because_of`,
    `customers_both` booked `family` too. viewed: the same, where the visitor looked at `because_of` (both null if
    that is `family` itself). season_popularity: `customers` booked `family` for the travel `month` (null: for any).
    Customers are counted once each.
    """

    kind: EvidenceKind
    family: str
    because_of: str | None = None
    customers_both: int | None = None
    customers: int | None = None
    month: int | None = None
    times: int | None = None


class Ranked(NamedTuple):
    """A suggested family. score: the estimated chance (0-1) that it is the visitor's next booking."""

    family: str
    score: float
    evidence: Evidence


class Settings(BaseModel):
    """The hyperparameters of a rung."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rung(ABC):
    """One way of scoring families: fit, score, explain.

    families: the columns of every score, in order.
    """

    name: ClassVar[str]
    families: tuple[str, ...]

    @cached_property
    def index(self) -> dict[str, int]:
        """The column of each family."""
        return {family: column for column, family in enumerate(self.families)}

    @classmethod
    @abstractmethod
    def fit(cls, bookings: Bookings, settings: Any) -> Self:
        """Learn from bookings; the same bookings and settings give the same rung, bit by bit."""

    @abstractmethod
    def score_many(self, histories: sparse.csr_array, months: np.ndarray) -> np.ndarray:
        """Score all families for each history; higher is better, always finite.

        histories: (n, families), times booked or viewed. months: (n,), 1-12 or ANY_MONTH.
        Returns (n, families). A family that nothing speaks for scores 0.
        """

    @abstractmethod
    def contributions(self, history: sparse.csr_array, family: int) -> np.ndarray:
        """Return what each family of one history, (1, families), adds to the score of `family`: (families,)."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """Return the fitted state, for saving."""

    @classmethod
    @abstractmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rung whose `arrays` these are."""

    def score(self, history: History, context: Context) -> np.ndarray:
        """Return one score per family, (families,)."""
        scores: np.ndarray = self.score_many(history_row(self.index, history), months_row(context))[0]
        return scores

    def explain(self, history: History, context: Context, family: str, counts: BookingCounts) -> Evidence:
        """Name the family of the history that speaks most for `family`, and how many booked both.

        Where nobody booked both, the popularity of `family` in the season is the evidence.
        """
        known = {name for name in (*history.families, *history.viewed) if name in counts.index}
        if family not in known:
            weights = self.contributions(history_row(self.index, history), counts.index[family])
            strongest = self.families[int(np.argmax(weights))]
            both = counts.customers_of_both(strongest, family)
            if strongest in known and weights.max() > 0 and both:
                kind: EvidenceKind = "also_booked" if strongest in history.families else "viewed"
                return Evidence(kind, family, strongest, both, counts.customers_of(strongest))
        return seasonal_evidence(counts, context, family)


def seasonal_evidence(counts: BookingCounts, context: Context, family: str) -> Evidence:
    """Say how many customers booked `family` for the month asked for; if none did or any month will do, ever."""
    month = context.month if counts.customers_of(family, context.month or ANY_MONTH) else None
    customers = counts.customers_of(family, month or ANY_MONTH)
    return Evidence("season_popularity", family, customers=customers, month=month)


def history_row(index: Mapping[str, int], history: History) -> sparse.csr_array:
    """Return a history as (1, families): times booked, plus one where viewed. Unknown families are left out.

    index: the column of each family.
    """
    times: dict[int, float] = {}
    booked = zip(history.families, history.counts, strict=True)
    for family, count in (*booked, *((family, 1) for family in history.viewed)):
        if family in index and count > 0:
            times[index[family]] = times.get(index[family], 0.0) + count
    columns = sorted(times)
    row = ([times[column] for column in columns], columns, [0, len(columns)])
    return sparse.csr_array(row, shape=(1, len(index)), dtype=np.float64)


def months_row(context: Context) -> np.ndarray:
    """Return the month asked for as (1,)."""
    return np.array([context.month or ANY_MONTH])
