"""What blend and ranker stand on: simpler rungs fitted side by side, their scores made comparable, and a lesson."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from models.recommender.als import ALSSettings, ImplicitALS
from models.recommender.also_booked import AlsoBooked, AlsoBookedSettings
from models.recommender.bookings import Bookings, binary
from models.recommender.contexts import Contexts
from models.recommender.contract import Rung, Settings
from models.recommender.ease import Ease, EaseSettings
from models.recommender.graph_filter import GraphFilter, GraphFilterSettings
from models.recommender.season import SeasonPopularity, SeasonSettings
from models.recommender.similar_customers import SimilarCustomers, SimilarCustomersSettings

HELD_OUT = 0.2
ROWS_AT_ONCE = 500


class StackSettings(Settings):
    """The rungs below, and the lesson. candidates: of each rung, per customer. customers: at most, to learn from.

    k: so many places count. seed: of the hold-out and the sample.
    """

    season: SeasonSettings = SeasonSettings()
    also_booked: AlsoBookedSettings = AlsoBookedSettings()
    similar_customers: SimilarCustomersSettings = SimilarCustomersSettings()
    als: ALSSettings = ALSSettings()
    ease: EaseSettings = EaseSettings()
    graph_filter: GraphFilterSettings = GraphFilterSettings()
    candidates: int = Field(default=20, ge=1)
    customers: int = Field(default=5_000, ge=1)
    k: int = Field(default=5, ge=1)
    seed: int = Field(default=7, ge=0)

    @property
    def of_rungs(self) -> tuple[Settings, ...]:
        """The settings of each rung, in the order of `Stack.KINDS`."""
        pairs = self.also_booked, self.similar_customers
        return self.season, *pairs, self.als, self.ease, self.graph_filter


@dataclass(frozen=True)
class Stack:
    """Simpler rungs, fitted on the same bookings. customers: (families,), who booked each."""

    rungs: tuple[Rung, ...]
    customers: np.ndarray

    KINDS: ClassVar[tuple[type[Rung], ...]] = (
        SeasonPopularity,
        AlsoBooked,
        SimilarCustomers,
        ImplicitALS,
        Ease,
        GraphFilter,
    )

    @classmethod
    def fit(cls, bookings: Bookings, settings: StackSettings) -> Self:
        """Fit every rung with its settings."""
        rungs = [kind.fit(bookings, one) for kind, one in zip(cls.KINDS, settings.of_rungs, strict=True)]
        return cls.of(rungs, bookings)

    @classmethod
    def of(cls, rungs: list[Rung], bookings: Bookings) -> Self:
        """Return rungs that were fitted on these bookings, in the order of KINDS."""
        counts = bookings.counts()
        return cls(tuple(rungs), np.bincount(counts.indices, minlength=counts.shape[1]))

    def scores(self, histories: sparse.csr_array, contexts: Contexts) -> np.ndarray:
        """Return each rung's scores, (rungs, n, families), rows of length 1; what is negative counts as 0."""
        return np.stack([_unit(rung.score_many(histories, contexts)) for rung in self.rungs])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of all rungs, under their names."""
        named = {f"{rung.name}-{key}": a for rung in self.rungs for key, a in rung.arrays().items()}
        return named | {"customers": self.customers}

    @classmethod
    def restore(cls, families: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the rungs whose arrays these are."""
        parts = [
            {key.split("-", 1)[1]: a for key, a in arrays.items() if key.startswith(f"{kind.name}-")}
            for kind in cls.KINDS
        ]
        rungs = tuple(kind.restore(families, part) for kind, part in zip(cls.KINDS, parts, strict=True))
        return cls(rungs, arrays["customers"])


@dataclass(frozen=True)
class Lesson:
    """Customers a part of whose bookings was held out: what was known, and what should be found.

    past: what is left to fit on. histories, found: (m, families), times booked before, and 1 for the families held
    out that were not booked before. contexts: of the same customers.
    """

    past: Bookings
    histories: sparse.csr_array
    contexts: Contexts
    found: sparse.csr_array

    @classmethod
    def of(cls, bookings: Bookings, seed: int) -> Self:
        """Hold out a fifth of each customer's bookings, at least one of two.

        The latest; of those of the same age any, so that bookings without a date are held out at random.
        """
        late = _late(bookings, seed)
        past = bookings.where(~late)
        counts = past.counts()
        new = sparse.csr_array(binary(bookings.counts()) - binary(counts))
        new.eliminate_zeros()
        rows = np.flatnonzero((np.diff(new.indptr) > 0) & (np.diff(counts.indptr) > 0))
        taken = past.contexts().take(rows)
        return cls(past, sparse.csr_array(counts[rows]), taken, sparse.csr_array(new[rows]))

    def __len__(self) -> int:
        return int(self.histories.shape[0])

    @property
    def customers(self) -> np.ndarray:
        """How many had booked each family, (families,)."""
        counts = self.past.counts()
        return np.bincount(counts.indices, minlength=counts.shape[1])

    def sample(self, most: int, seed: int) -> "Lesson":
        """Return the lesson with at most `most` customers."""
        rows = np.sort(np.random.default_rng(seed).permutation(len(self))[:most])
        histories, found = sparse.csr_array(self.histories[rows]), sparse.csr_array(self.found[rows])
        return Lesson(self.past, histories, self.contexts.take(rows), found)


@dataclass(frozen=True)
class Candidates:
    """What may be suggested, customer by customer. row, column: (c,), rows ascending. scores: (c, rungs)."""

    row: np.ndarray
    column: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, histories: sparse.csr_array, most: int) -> Self:
        """Return the `most` best of each rung's scores, (rungs, n, families), that are not in the histories."""
        known = (np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr)), histories.indices)
        chosen = np.zeros(scores.shape[1:], dtype=bool)
        for one in scores:
            new = one.copy()
            new[known] = -1.0
            chosen |= (new >= _least(new, most)) & (new > 0)
        row, column = np.nonzero(chosen)
        return cls(row, column, scores[:, row, column].T)

    def places(self, scores: np.ndarray) -> np.ndarray:
        """Return the place of each candidate of a customer by these scores, (c,): 0 for the best."""
        order = np.lexsort((-scores, self.row))
        ordered = self.row[order]
        starts = (
            np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(order) else order
        )
        within = np.empty(len(order), dtype=np.int64)
        within[order] = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
        return within

    def shares_of_best(self, scores: np.ndarray) -> np.ndarray:
        """Return scores, (c,), as shares of the best of the same customer."""
        best = np.zeros(self.row.max(initial=-1) + 1)
        np.maximum.at(best, self.row, scores)
        shares: np.ndarray = scores / np.maximum(best[self.row], 1e-12)
        return shares


@dataclass(frozen=True)
class Examples:
    """The candidates of a lesson's customers. gains: (c,), 1 where held out. found: how many each should find, (m,).

    breadth: families each had booked, (m,).
    """

    candidates: Candidates
    gains: np.ndarray
    found: np.ndarray
    breadth: np.ndarray

    @classmethod
    def of(cls, stack: Stack, lesson: Lesson, settings: StackSettings) -> Self:
        """Return what rungs fitted on the lesson's past name for a sample of its customers."""
        few = lesson.sample(settings.customers, settings.seed)
        parts = [
            Candidates.of(
                stack.scores(few.histories[rows], few.contexts.take(rows)),
                few.histories[rows],
                settings.candidates,
            )
            for rows in _blocks(len(few))
        ]
        candidates = _joined(parts, len(stack.rungs))
        gains = _gains(candidates, few.found)
        return cls(candidates, gains, np.diff(few.found.indptr), np.diff(few.histories.indptr))

    def __len__(self) -> int:
        return len(self.found)

    def first(self, most: int) -> "Examples":
        """Return the examples of the first customers."""
        end = int(np.searchsorted(self.candidates.row, most))
        row, column, scores = (part[:end] for part in vars(self.candidates).values())
        few = Candidates(row, column, scores)
        return Examples(few, self.gains[:end], self.found[:most], self.breadth[:most])


def _joined(parts: Sequence[Candidates], rungs: int) -> Candidates:
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Candidates(none, none, np.zeros((0, rungs), dtype=np.float32))
    rows = [part.row + number * ROWS_AT_ONCE for number, part in enumerate(parts)]
    columns, scores = [part.column for part in parts], [part.scores for part in parts]
    return Candidates(np.concatenate(rows), np.concatenate(columns), np.concatenate(scores))


def _gains(candidates: Candidates, found: sparse.csr_array) -> np.ndarray:
    width = found.shape[1]
    wanted = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr)) * width + found.indices
    return np.isin(candidates.row * width + candidates.column, wanted).astype(np.int8)


def _blocks(n: int) -> Iterator[np.ndarray]:
    return (np.arange(start, min(start + ROWS_AT_ONCE, n)) for start in range(0, n, ROWS_AT_ONCE))


def _unit(scores: np.ndarray) -> np.ndarray:
    positive = np.maximum(scores, 0.0).astype(np.float32)
    length = np.linalg.norm(positive, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(positive, length, out=positive, where=length > 0)
    return unit


def _least(scores: np.ndarray, most: int) -> np.ndarray:
    """Return the score of each row's last candidate, (n, 1)."""
    if most >= scores.shape[1]:
        return np.zeros((len(scores), 1))
    least: np.ndarray = -np.partition(-scores, most - 1, axis=1)[:, most - 1 : most]
    return least


def _late(bookings: Bookings, seed: int) -> np.ndarray:
    """Say which bookings are held out, (n,)."""
    shuffled = np.random.default_rng(seed).random(len(bookings))
    order = np.lexsort((shuffled, -bookings.age_days, bookings.customer))
    sizes = np.bincount(bookings.customer, minlength=bookings.n_customers)
    held = np.where(sizes >= 2, np.maximum(1, (sizes * HELD_OUT).astype(np.int64)), 0)
    late = np.zeros(len(bookings), dtype=bool)
    late[order] = np.arange(len(bookings)) >= (np.cumsum(sizes) - held)[bookings.customer[order]]
    return late
