"""Pairs of families in one customer's bookings, counted in blocks, so that 40,000 items fit into memory."""

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import sparse

BLOCK = 2_000


def co_bookings(
    booked: sparse.csr_array, weights: np.ndarray | None = None
) -> Iterator[tuple[slice, sparse.csr_array]]:
    """Yield blocks of booked' diag(weights) booked, without its diagonal.

    booked: (customers, families), 0/1. weights: (customers,), default 1. Each block comes with the families
    that are its rows; columns are all families, sorted.
    """
    by_family = sparse.csr_array(booked.T)
    weighted = booked if weights is None else sparse.csr_array(sparse.diags_array(weights) @ booked)
    for start in range(0, booked.shape[1], BLOCK):
        rows = slice(start, min(start + BLOCK, booked.shape[1]))
        yield rows, _without_diagonal(sparse.csr_array(by_family[rows] @ weighted), start)


def largest_per_row(matrix: sparse.csr_array, k: int) -> sparse.csr_array:
    """Keep the k largest entries of each row; ties go to the lower column."""
    rows = row_numbers(matrix)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(len(order)) - matrix.indptr[rows[order]]
    kept = np.sort(order[place < k])
    entries = (matrix.data[kept], (rows[kept], matrix.indices[kept]))
    return _sorted(sparse.csr_array(entries, shape=matrix.shape))


def stacked(blocks: Iterable[sparse.csr_array]) -> sparse.csr_array:
    """Put blocks of rows under one another."""
    return _sorted(sparse.csr_array(sparse.vstack(list(blocks), format="csr")))


def row_numbers(matrix: sparse.csr_array) -> np.ndarray:
    """Return the row of each stored entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _without_diagonal(block: sparse.csr_array, start: int) -> sparse.csr_array:
    rows = row_numbers(block)
    kept = (block.indices != rows + start) & (block.data != 0)
    entries = (block.data[kept], (rows[kept], block.indices[kept]))
    return _sorted(sparse.csr_array(entries, shape=block.shape))


def _sorted(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.sort_indices()
    return matrix
