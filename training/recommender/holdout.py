"""What to learn from and what to find, in interactions that somebody brought along."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from models.recommender import Bookings, bookings_of
from models.recommender.contract import ANY_MONTH
from models.recommender.stack import Lesson
from training.recommender.brought import Brought


@dataclass(frozen=True)
class Task:
    """Interactions to learn from, and m customers whose next items are to be found.

    histories, found: (m, items), times seen, and 1 for what is to be found. wanted: (m,), how many items are to be
    found, also such as nobody had taken before.
    """

    bookings: Bookings
    histories: sparse.csr_array
    found: sparse.csr_array
    wanted: np.ndarray

    @classmethod
    def of(cls, lesson: Lesson) -> Self:
        """Return the task to find what a lesson held out."""
        wanted = np.diff(lesson.found.indptr)
        return cls(lesson.past, lesson.histories, lesson.found, wanted)

    def sample(self, most: int, seed: int) -> "Task":
        """Return the task with at most `most` customers to judge."""
        return self._take(np.random.default_rng(seed).permutation(len(self.wanted))[:most])

    def halves(self, most: int, seed: int) -> tuple["Task", "Task"]:
        """Return two tasks with different customers to judge, at most `most` in each."""
        drawn = np.random.default_rng(seed).permutation(len(self.wanted))
        half = len(drawn) // 2
        return self._take(drawn[:half][:most]), self._take(drawn[half:][:most])

    def _take(self, drawn: np.ndarray) -> "Task":
        rows = np.sort(drawn)
        histories, found = sparse.csr_array(self.histories[rows]), sparse.csr_array(self.found[rows])
        return Task(self.bookings, histories, found, self.wanted[rows])


def task_of(past: Brought, future: Brought) -> Task | None:
    """Return the task to find what is in `future` and was not in the same customer's `past`; None: nothing is."""
    bookings = _bookings(past)
    counts = bookings.counts()
    customers, items = np.unique(past.customer_ids), np.array(bookings.families, dtype=object)
    pairs = _unseen(future, customers, items, counts)
    if pairs.empty:
        return None
    judged, row = np.unique(pairs["customer"].to_numpy(), return_inverse=True)
    known = pairs["column"].to_numpy() >= 0
    entries = (np.ones(known.sum()), (row[known], pairs["column"].to_numpy()[known]))
    newcomer = sparse.csr_array((1, len(items)), dtype=counts.dtype)
    rows = pd.Index(customers).get_indexer(judged)
    return Task(
        bookings=bookings,
        histories=sparse.csr_array(sparse.vstack([counts, newcomer], format="csr")[rows]),
        found=sparse.csr_array(entries, shape=(len(judged), len(items))),
        wanted=np.bincount(row),
    )


def _unseen(
    future: Brought, customers: np.ndarray, items: np.ndarray, counts: sparse.csr_array
) -> pd.DataFrame:
    """Return each pair of `future` once that is not in counts: customer, item, row and column (-1: unknown)."""
    pairs = pd.DataFrame({"customer": future.customer_ids, "item": future.item_ids}).drop_duplicates()
    pairs["row"] = pd.Index(customers).get_indexer(pairs["customer"])
    pairs["column"] = pd.Index(items).get_indexer(pairs["item"])
    width = len(items)
    seen = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr)) * width + counts.indices
    both = (pairs["row"] >= 0) & (pairs["column"] >= 0)
    return pairs[~(both & np.isin(pairs["row"] * width + pairs["column"], seen))]


def _bookings(past: Brought) -> Bookings:
    ages = np.zeros(len(past.item_ids)) if past.days is None else past.days.max() - past.days
    return bookings_of(past.customer_ids, past.item_ids, np.full(len(ages), ANY_MONTH), ages)
