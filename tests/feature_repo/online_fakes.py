"""An online store in memory, with what a follower relies on: a state of an earlier moment never replaces a later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from feature_repo.freshness.mark import MARK


class Held(NamedTuple):
    packed: bytes
    known_at: datetime


class StoreAwayError(Exception):
    """The store does not answer."""


@dataclass
class FakeStore:
    """before_push: called with the rows of each push; it may raise."""

    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    before_push: Callable[[pa.Table], Any] = lambda _: None
    pushes: int = 0

    def push(self, rows: pa.Table) -> None:
        self.before_push(rows)
        self.pushes += 1
        for row in rows.to_pylist():
            key = (row["operator_id"], row["customer_id"])
            if key not in self.held or self.held[key].known_at <= row["as_of"]:
                self.held[key] = Held(row["packed"], row["as_of"])

    def stored(self, operator_id: str, customer_ids: Sequence[str]) -> list[Held | None]:
        return [self.held.get((operator_id, one)) for one in customer_ids]

    def states(self, operator_id: str) -> dict[str, bytes]:
        """The state of everybody who exists."""
        return {
            customer_id: held.packed
            for (its, customer_id), held in self.held.items()
            if its == operator_id and customer_id != MARK and held.packed
        }
