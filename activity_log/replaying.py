"""Dropping read models and building them anew from the log, as of now or as known at a moment."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from activity_log import folding, ledger, projection_state, schema
from activity_log.folding import Projection
from activity_log.ledger import LoggedEvent
from activity_log.moments import microseconds
from activity_log.operators import Operator

CHUNK = 20_000


def replay(
    connection: Connection,
    operator: Operator,
    names: Collection[str] | None = None,
    until: datetime | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Drop an operator's read models and rebuild them from the log; return the number of events folded.

    Call it in a writing transaction: readers see the old content until its end. names: of which read models,
    as in `projection_state.NAMES`; None for all (the fact files are rebuilt by `FactFiles.rebuild`). until:
    show the world as known then, by what was recorded before; the read model stays as it is, whatever is
    logged later, until a replay without `until`. progress is called with the place (seq) in the log that has
    been reached. Raises WrongUseError for an unknown name.
    """
    projections = projection_state.choose(names)
    for one in _folds(projections):
        connection.execute(delete(one.table).where(one.table.c.operator_id == operator.operator_id))
    folded = 0
    types = frozenset(name for one in _folds(projections) for name in one.types)
    for events in ledger.read(connection, operator.operator_id, types=types, chunk=CHUNK):
        known = _known(events, until)
        sheets = folding.fold(projections, {operator.operator_id: operator}, known)
        folding.write(connection, projections, sheets)
        folded += len(known)
        progress(events[-1].seq)
    level = _level(connection, operator.operator_id, until)
    chosen = [projection.name for projection in projections]
    projection_state.settle(connection, operator.operator_id, chosen, level, until)
    return folded


def _folds(projections: Iterable[Projection]) -> list[folding.Fold]:
    return [one for projection in projections for one in projection.folds]


def _known(events: list[LoggedEvent], until: datetime | None) -> list[LoggedEvent]:
    if until is None:
        return events
    moment = microseconds(until)
    return [event for event in events if event.recorded_us < moment]


def _level(connection: Connection, operator_id: str, until: datetime | None) -> int:
    if until is None:
        return ledger.last_seq(connection, operator_id)
    table = schema.event
    known = (table.c.operator_id == operator_id, table.c.recorded_at < until)
    return connection.execute(select(func.max(table.c.seq)).where(*known)).scalar() or 0
