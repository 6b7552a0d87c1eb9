"""What is asked of a recommender, what it answers, and the one contract of its rungs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import sparse

from models.recommender.attributes import UNKNOWN
from models.recommender.bookings import Bookings
from models.recommender.contexts import ANY_MONTH, Contexts
from models.recommender.counts import BookingCounts

__all__ = ["ANY_MONTH", "Context", "Contexts", "Evidence", "History", "Ranked", "Rung", "Settings"]

EvidenceKind = Literal[
    "own_history",
    "also_booked",
    "season_popularity",
    "viewed",
    "attributes",
    "viewed_attributes",
    "programme",
]


@dataclass(frozen=True)
class History:
    """What is known of a visitor: families booked and how often, families only looked at.

    party: families that those who travel with the visitor took without them, each as often as it was taken.
    latest: the family booked last, where the order is known. moves: bookings after the first. again: how many of them
    were of the family booked the time before.
    """

    families: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    viewed: tuple[str, ...] = ()
    latest: str | None = None
    again: int = 0
    moves: int = 0
    party: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.families) != len(self.counts):
            raise ValueError(f"{len(self.families)} families, but {len(self.counts)} counts")


@dataclass(frozen=True)
class Context:
    """What the visitor asks for. month: of travel (1-12); None: any. stop: boarding point; None: any."""

    month: int | None = None
    stop: str | None = None


@dataclass(frozen=True)
class Evidence:
    """Why `family` is suggested, in numbers that are true in the training bookings.

    own_history: booked `times` times by the visitor. also_booked: of `customers` who booked `because_of`,
    `customers_both` booked `family` too. viewed: the same, where the visitor looked at `because_of` (both null if
    that is `family` itself). season_popularity: `customers` booked `family` for the travel `month` (null: for any).
    Customers are counted once each. attributes: `family` has the `region` or `theme`, or both, of `because_of`, which
    the visitor booked; viewed_attributes: which the visitor looked at. programme: nothing but that it is on offer.
    """

    kind: EvidenceKind
    family: str
    because_of: str | None = None
    customers_both: int | None = None
    customers: int | None = None
    month: int | None = None
    times: int | None = None
    region: str | None = None
    theme: str | None = None


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

    families: the columns of every score, in order; some of them may never have been booked. complete: the scores
    already hold the season and repeat-or-new, and answer as they are (see `Blend` for the others).
    """

    name: ClassVar[str]
    complete: ClassVar[bool] = False
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
    def score_many(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Score all families for each history; higher is better, always finite.

        histories: (n, families), times booked or viewed. contexts: of the same n visitors.
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
        row = history_row(self.index, history)
        scores: np.ndarray = self.score_many(row, contexts_row(self.index, {}, history, context))[0]
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
    if not customers:
        return Evidence("programme", family)
    return Evidence("season_popularity", family, customers=customers, month=month)


def history_row(index: Mapping[str, int], history: History, party_weight: float = 0.0) -> sparse.csr_array:
    """Return a history as (1, families): see `times_known`."""
    times = times_known(index, history, party_weight)
    columns = sorted(times)
    row = ([times[column] for column in columns], columns, [0, len(columns)])
    return sparse.csr_array(row, shape=(1, len(index)), dtype=np.float64)


def times_known(index: Mapping[str, int], history: History, party_weight: float = 0.0) -> dict[int, float]:
    """Return times booked, plus one where viewed, by the families' columns. Unknown families are left out.

    index: the column of each family. party_weight: what a trip of the party counts.
    """
    times: dict[int, float] = {}
    booked = zip(history.families, map(float, history.counts), strict=True)
    viewed, party = (
        ((family, 1.0) for family in history.viewed),
        ((one, party_weight) for one in history.party),
    )
    for family, count in (*booked, *viewed, *party):
        if family in index and count > 0:
            times[index[family]] = times.get(index[family], 0.0) + count
    return times


def contexts_row(
    index: Mapping[str, int], stops: Mapping[str, int], history: History, context: Context
) -> Contexts:
    """Return one visitor's context as (1,). index, stops: the places of families and boarding points."""
    latest = UNKNOWN if history.latest is None else index.get(history.latest, UNKNOWN)
    stop = UNKNOWN if context.stop is None else stops.get(context.stop, UNKNOWN)
    columns = (context.month or ANY_MONTH, stop, latest, history.again, history.moves)
    return Contexts(*(np.array([value]) for value in columns))
