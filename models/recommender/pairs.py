"""Pairs of families in one customer's bookings, counted in blocks, so that 40,000 items fit into memory."""

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import sparse

BLOCK = 2_000
LAID_OUT_WHOLE = 2_000


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
    """Keep the k largest entries of each row of a matrix with sorted columns; ties go to the lower column."""
    kept = np.ones(matrix.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(matrix.indptr) > k):
        entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
        kept[entries] = _largest(matrix.data[entries], k)
    starts = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], starts), shape=matrix.shape)


def stacked(blocks: Iterable[sparse.csr_array]) -> sparse.csr_array:
    """Put blocks of rows under one another."""
    return _sorted(sparse.csr_array(sparse.vstack(list(blocks), format="csr")))


class Lookup:
    """Reads single entries of a matrix with sorted columns; a small one is laid out whole for that."""

    def __init__(self, matrix: sparse.csr_array):
        self._matrix = matrix
        self._whole = matrix.toarray() if max(matrix.shape) <= LAID_OUT_WHOLE else None

    def at(self, row: int, column: int) -> float:
        """Return one entry, 0 where none is stored."""
        if self._whole is not None:
            return float(self._whole.item(row, column))
        return stored(self._matrix, row, column)


def stored(matrix: sparse.csr_array, row: int, column: int) -> float:
    """Return one entry of a matrix with sorted columns, 0 where none is stored; ten times as fast as indexing."""
    start, end = matrix.indptr[row], matrix.indptr[row + 1]
    place = start + np.searchsorted(matrix.indices[start:end], column)
    found = place < end and matrix.indices[place] == column
    return float(matrix.data[place]) if found else 0.0


def row_numbers(matrix: sparse.csr_array) -> np.ndarray:
    """Return the row of each stored entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _largest(values: np.ndarray, k: int) -> np.ndarray:
    """Say which of the values are the k largest, the first of equals."""
    least = np.partition(values, -k)[-k]
    largest: np.ndarray = values > least
    equals = np.flatnonzero(values == least)
    largest[equals[: k - largest.sum()]] = True
    return largest


def _without_diagonal(block: sparse.csr_array, start: int) -> sparse.csr_array:
    rows = row_numbers(block)
    kept = (block.indices != rows + start) & (block.data != 0)
    entries = (block.data[kept], (rows[kept], block.indices[kept]))
    return _sorted(sparse.csr_array(entries, shape=block.shape))


def _sorted(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.sort_indices()
    return matrix
