"""How far the online store follows an operator's log: kept in that store itself, behind the states it speaks of.

So a new store, an emptied one, and one that was left aside for a while tell the truth about themselves.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import pyarrow as pa

from feature_repo.recomputing import STATES
from feature_repo.state import layout

MARK = "(followed)"
"""Stands where a customer's id would: no customer is called so."""


class State(Protocol):
    """What a store holds under a customer's id. packed: empty for somebody who exists no more."""

    @property
    def packed(self) -> bytes:
        """The state as it was packed."""

    @property
    def known_at(self) -> datetime:
        """The moment up to which events are in it."""


class StateStore(Protocol):
    """Where states are pushed to; a state of an earlier moment never replaces one of a later."""

    def push(self, rows: pa.Table) -> None:
        """Write rows of STATES."""

    def stored(self, operator_id: str, customer_ids: Sequence[str]) -> Sequence[State | None]:
        """Return what is held of each customer."""


class Place(NamedTuple):
    """A place in the log. level: all events up to it (seq) are in the store, but for those not due yet.

    due_after: those have a greater seq than this.
    """

    level: int
    due_after: int


@dataclass(frozen=True)
class Mark:
    """as_of: everything that was due before this moment is in the store."""

    place: Place
    as_of: datetime

    def rows(self, operator_id: str) -> pa.Table:
        """Return the mark as the row that is pushed."""
        told = {"layout": layout().fingerprint.hex(), **self.place._asdict()}
        row = {
            "operator_id": operator_id,
            "customer_id": MARK,
            "as_of": self.as_of,
            "packed": json.dumps(told).encode(),
        }
        return pa.Table.from_pylist([row], schema=STATES)


def find_mark(store: StateStore, operator_id: str) -> Mark | None:
    """Return the mark of an operator; None: this store, or this layout of states, never followed the log."""
    [state] = store.stored(operator_id, [MARK])
    if state is None or not state.packed:
        return None
    told = json.loads(state.packed)
    if told.pop("layout") != layout().fingerprint.hex():
        return None
    return Mark(Place(**told), state.known_at)
