"""How read models are folded from the log: which rows an event gives, and what a row does to one that is there.

A row is a tuple in the order of its table's columns, in storage values: moments as microseconds (see
`moments.microseconds`), dates as ISO text, money as decimal text. Every fold is independent of the order of arrival.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Table

from activity_log.bulk import Keep, Row, insert_rows, is_sorted_first, key_of
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator


@dataclass(frozen=True)
class Fold:
    """One table of a read model. `types`: current names of the event types that give it rows.

    A table with a column `seq` gets the place of the event there.
    """

    table: Table
    keep: Keep
    types: frozenset[str]
    rows_of: Callable[[Operator, LoggedEvent], Iterable[Row]]


@dataclass(frozen=True)
class Projection:
    """A read model by name, as `busflow replay` and the metrics know it."""

    name: str
    folds: tuple[Fold, ...]


class Sheet(NamedTuple):
    """The rows that events gave one table. `seqs`: of which event each row is, as the events had it."""

    seqs: list[int]
    rows: list[Row]


def fold(
    projections: Sequence[Projection], operators: Mapping[str, Operator], events: Iterable[LoggedEvent]
) -> list[Sheet]:
    """Fold events into rows: a sheet per fold, in the order of the projections and their folds."""
    sheets = [Sheet([], []) for _ in _folds(projections)]
    by_type: dict[str, list[tuple[Sheet, Callable[[Operator, LoggedEvent], Iterable[Row]]]]] = {}
    for sheet, one in zip(sheets, _folds(projections), strict=True):
        for name in one.types:
            by_type.setdefault(name, []).append((sheet, one.rows_of))
    for event in events:
        operator = operators[event.operator_id]
        for sheet, rows_of in by_type.get(event.event_type.name, ()):
            for row in rows_of(operator, event):
                sheet.seqs.append(event.seq)
                sheet.rows.append(row)
    return [_sorted(sheet, one) for sheet, one in zip(sheets, _folds(projections), strict=True)]


def _sorted(sheet: Sheet, one: Fold) -> Sheet:
    """Sort rows as they will be inserted: here it may be another process that does it."""
    if not is_sorted_first(one.table, one.keep):
        return sheet
    key = key_of(one.table)
    places = sorted(range(len(sheet.rows)), key=lambda place: key(sheet.rows[place]))
    return Sheet([sheet.seqs[place] for place in places], [sheet.rows[place] for place in places])


def write(
    connection: Connection,
    projections: Sequence[Projection],
    sheets: Sequence[Sheet],
    *,
    first_seq: int = 0,
    without: Collection[int] = (),
) -> None:
    """Write the rows into the read models' tables.

    first_seq: what is to be added to the seqs of the sheets. without: seqs of the sheets whose rows are left out.
    """
    for sheet, one in zip(sheets, _folds(projections), strict=True):
        seqs, rows = sheet
        if without:
            kept = [place for place, seq in enumerate(seqs) if seq not in without]
            seqs, rows = [seqs[place] for place in kept], [rows[place] for place in kept]
        if first_seq and "seq" in one.table.c:
            at = one.table.c.keys().index("seq")
            rows = [(*row[:at], first_seq + seq, *row[at + 1 :]) for seq, row in zip(seqs, rows, strict=True)]
        insert_rows(connection, one.table, rows, one.keep)


def _folds(projections: Sequence[Projection]) -> list[Fold]:
    return [one for projection in projections for one in projection.folds]
