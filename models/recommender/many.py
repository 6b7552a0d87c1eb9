"""One family's chances with many customers at once: whom a tour is for, not which tours somebody is for."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from scipy import sparse

from models.recommender.attributes import UNKNOWN
from models.recommender.contexts import ANY_MONTH, Contexts
from models.recommender.contract import Context, History, times_known
from models.recommender.newcomers import Newcomer, Newcomers
from models.recommender.recommender import Recommender

CELLS_AT_ONCE = 1_000_000
"""Customers times families that are scored together, so that memory is bounded whatever the operator's size."""


def chances_of_family(
    recommender: Recommender,
    family: str,
    histories: Sequence[History],
    contexts: Sequence[Context],
    new: Collection[Newcomer] = (),
) -> np.ndarray:
    """Return each customer's estimated chance (0-1) that the next booking is of the family, (customers,).

    The scores that `Recommender.rank` gives each alone, for histories without viewed tours. new: as there. Zeros for
    a family that neither the model nor `new` knows.
    """
    unknown = [one for one in new if one.family not in recommender.counts.index]
    newcomers = Newcomers(recommender.likeness, unknown)
    names = (*recommender.families, *newcomers.families)
    chances = np.zeros(len(histories))
    if family not in names:
        return chances
    column = names.index(family)
    for rows in _parts(len(histories), len(names)):
        theirs = histories[rows]
        scores = _scores(recommender, theirs, contexts[rows])
        added = np.array([newcomers.chances(*one) for one in zip(theirs, scores, strict=True)])
        scores = np.hstack([scores, added.reshape(len(theirs), -1)])
        chances[rows] = scores[:, column] / scores.sum(axis=1)
    return chances


def _scores(
    recommender: Recommender, histories: Sequence[History], contexts: Sequence[Context]
) -> np.ndarray:
    """Return all families' chances, (customers, families), each customer's by the rung that answers them."""
    scores = np.zeros((len(histories), len(recommender.families)))
    rungs = np.array([recommender.basis(history).rung for history in histories])
    for rung in np.unique(rungs):
        rows = np.flatnonzero(rungs == rung).tolist()
        theirs = [histories[row] for row in rows]
        asked = _contexts(recommender, theirs, [contexts[row] for row in rows])
        seen, booked = (_matrix(recommender, theirs, party) for party in (recommender.mixing.party, 0.0))
        scores[rows] = recommender.answer_of(str(rung)).chances(seen, booked, asked)
    return scores


def _matrix(recommender: Recommender, histories: Sequence[History], party: float) -> sparse.csr_array:
    index = recommender.counts.index
    rows = [sorted(times_known(index, history, party).items()) for history in histories]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column, _ in row], dtype=np.int64)
    times = np.array([count for row in rows for _, count in row], dtype=np.float64)
    return sparse.csr_array((times, columns, ends), shape=(len(rows), len(index)))


def _contexts(
    recommender: Recommender, histories: Sequence[History], contexts: Sequence[Context]
) -> Contexts:
    """Return the contexts of many, as `contexts_row` has each."""
    index, stops = recommender.counts.index, recommender.stop_places
    columns = (
        [context.month or ANY_MONTH for context in contexts],
        [stops.get(context.stop or "", UNKNOWN) for context in contexts],
        [index.get(history.latest or "", UNKNOWN) for history in histories],
        [history.again for history in histories],
        [history.moves for history in histories],
    )
    return Contexts(*map(np.array, columns))


def _parts(customers: int, families: int) -> Iterator[slice]:
    size = max(1, CELLS_AT_ONCE // max(families, 1))
    return (slice(start, start + size) for start in range(0, customers, size))
