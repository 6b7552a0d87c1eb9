"""The tastes of those who travel along: what companions took without the customer."""

import numpy as np
import pyarrow as pa
from scipy import sparse

from models.recommender import Bookings


def taken_by_companions(past: pa.Table, bookings: Bookings, rows: np.ndarray) -> sparse.csr_array:
    """Return how often companions took each family on bookings the customer was not part of: (rows, families).

    past: interactions, in the order of `bookings`. rows: numbers of customers. A companion is everybody who was on a
    booking with the customer; each of their bookings counts once for each of them.
    """
    together = past["booking_id"].combine_chunks().dictionary_encode()
    booking = np.asarray(together.indices)
    shape = (bookings.n_customers, len(together.dictionary))
    ones = np.ones(len(bookings), dtype=np.float32)
    on_board = sparse.csr_array((ones, (bookings.customer, booking)), shape=shape)
    shared = sparse.csr_array(on_board[rows] @ on_board.T)
    companions = sparse.csr_array(
        (np.ones_like(shared.data), shared.indices, shared.indptr), shape=shared.shape
    )
    theirs = companions @ bookings.counts()
    aboard = np.bincount(booking, minlength=shape[1])[booking].astype(np.float32)
    with_us = sparse.coo_array(
        (aboard, (bookings.customer, bookings.family)), shape=(bookings.n_customers, len(bookings.families))
    )
    without = sparse.csr_array(theirs - sparse.csr_array(with_us)[rows])
    without.data = np.maximum(without.data, 0.0)
    without.eliminate_zeros()
    return without
