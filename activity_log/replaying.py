"""Dropping read models and building them anew from the log, as of now or as known at a moment."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Table, delete, func, select

from activity_log import folding, ledger, projection_state, schema
from activity_log.folding import Projection, Sheet
from activity_log.garbage import without_cyclic_gc
from activity_log.ledger import EventText
from activity_log.moments import microseconds
from activity_log.operators import Operator
from activity_log.processes import mapping, spare_processes
from activity_log.tracing import span

CHUNK = 20_000

WORTH_PROCESSES = 100_000
"""Events from which on starting processes pays."""


def replay(
    connection: Connection,
    operator: Operator,
    names: Collection[str] | None = None,
    until: datetime | None = None,
    progress: Callable[[int], object] = lambda _: None,
    processes: int | None = None,
) -> int:
    """Drop an operator's read models and rebuild them from the log; return the number of events folded.

    Call it in a writing transaction: readers see the old content until its end. names: of which read models,
    as in `projection_state.NAMES`; None for all (the fact files are rebuilt by `FactFiles.rebuild`). until:
    show the world as known then, by what was recorded before; the read model stays as it is, whatever is
    logged later, until a replay without `until`. progress is called with the place (seq) in the log that has
    been reached. processes: how many fold; 0 is this one alone, None is what the machine and the log's length
    suggest. Raises WrongUseError for an unknown name.
    """
    projections = projection_state.choose(names)
    chosen = tuple(projection.name for projection in projections)
    for one in _folds(projections):
        _empty(connection, one.table, operator.operator_id)
    if processes is None:
        last = ledger.last_seq(connection, operator.operator_id)
        processes = spare_processes() if last > WORTH_PROCESSES else 0
    folder = _Folder(chosen, operator, None if until is None else microseconds(until))
    folded = 0
    with span("replay", operator=operator.operator_id), mapping(folder.fold, processes) as fold_all:
        for chunk in fold_all(_chunks(connection, operator.operator_id, projections)):
            folding.write(connection, projections, chunk.sheets)
            folded += chunk.events
            progress(chunk.last_seq)
    projection_state.settle(
        connection, operator.operator_id, chosen, _level(connection, operator.operator_id, until), until
    )
    return folded


class _Folded(NamedTuple):
    """A chunk of the log, folded. events: how many were known in time."""

    last_seq: int
    events: int
    sheets: list[Sheet]


@dataclass(frozen=True)
class _Folder:
    """Folds chunks of the log; can be sent to another process."""

    names: tuple[str, ...]
    operator: Operator
    until_us: int | None

    def fold(self, texts: list[EventText]) -> _Folded:
        known = [text for text in texts if self.until_us is None or text.recorded_us < self.until_us]
        with without_cyclic_gc():
            events = [ledger.event_of(text) for text in known]
            operators = {self.operator.operator_id: self.operator}
            sheets = folding.fold(projection_state.choose(self.names), operators, events)
        return _Folded(texts[-1].seq, len(known), sheets)


def _chunks(
    connection: Connection, operator_id: str, projections: Iterable[Projection]
) -> Iterator[list[EventText]]:
    types = frozenset(name for one in _folds(projections) for name in one.types)
    for rows in ledger.read_rows(connection, operator_id, types=types, chunk=CHUNK):
        yield ledger.texts_of(connection, rows)


def _empty(connection: Connection, table: Table, operator_id: str) -> None:
    """Delete an operator's rows; where there are no others, all at once, which is much quicker."""
    column = table.c.operator_id
    first, last = connection.execute(select(func.min(column), func.max(column))).one()
    statement = delete(table)
    connection.execute(statement if first == last == operator_id else statement.where(column == operator_id))


def _folds(projections: Iterable[Projection]) -> list[folding.Fold]:
    return [one for projection in projections for one in projection.folds]


def _level(connection: Connection, operator_id: str, until: datetime | None) -> int:
    if until is None:
        return ledger.last_seq(connection, operator_id)
    table = schema.event
    known = (table.c.operator_id == operator_id, table.c.recorded_at < until)
    return connection.execute(select(func.max(table.c.seq)).where(*known)).scalar() or 0
