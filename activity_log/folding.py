"""How read models are folded from the log: which rows an event gives, and what a row does to one that is there.

A row is a tuple in the order of its table's columns, in storage values: moments as microseconds (see
`schema.microseconds`), dates as ISO text, money as decimal text. Every fold is independent of the order of arrival.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Table

from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator

Row = tuple[Any, ...]


class Keep(Enum):
    """What happens where a row of the same primary key is there already."""

    FIRST = "first"
    """Nothing: both are of the same event."""

    LATEST = "latest"
    """The row of the greater (occurred_at, event_id) stays; the table has these two columns."""

    TOTAL = "total"
    """Whole-number columns are added up; columns named `first_...` keep the least, `last_...` the greatest value."""


@dataclass(frozen=True)
class Fold:
    """One table of a read model. `types`: current names of the event types that give it rows."""

    table: Table
    keep: Keep
    types: frozenset[str]
    rows_of: Callable[[Operator, LoggedEvent], Iterable[Row]]


@dataclass(frozen=True)
class Projection:
    """A read model by name, as `busflow replay` and the metrics know it."""

    name: str
    folds: tuple[Fold, ...]
