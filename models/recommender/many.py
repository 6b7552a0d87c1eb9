"""One family's chances with many customers at once: whom a tour is for, not which tours somebody is for."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from scipy import sparse

from models.recommender.contexts import Contexts
from models.recommender.contract import Context, History, contexts_row, history_row
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
    rows = [history_row(recommender.counts.index, history, party) for history in histories]
    return sparse.csr_array(sparse.vstack(rows))


def _contexts(
    recommender: Recommender, histories: Sequence[History], contexts: Sequence[Context]
) -> Contexts:
    index, stops = recommender.counts.index, recommender.stop_places
    rows = [contexts_row(index, stops, *one) for one in zip(histories, contexts, strict=True)]
    return Contexts(*(np.concatenate([getattr(row, name) for row in rows]) for name in vars(rows[0])))


def _parts(customers: int, families: int) -> Iterator[slice]:
    size = max(1, CELLS_AT_ONCE // max(families, 1))
    return (slice(start, start + size) for start in range(0, customers, size))
