"""What an operator's read models hold, row by row, to be compared."""

from typing import Any

from sqlalchemy import select

from activity_log.database import Database
from activity_log.read_models import PROJECTIONS

Dump = dict[str, list[tuple[Any, ...]]]

TABLES_OF = {
    projection.name: [one.table for one in projection.folds]
    for projection in PROJECTIONS
}  # fmt: skip


def dump(database: Database, operator_id: str = "reisen", *, places: bool = True) -> Dump:
    """All rows of all tables, of whichever operator: the column operator_id is left out.

    places: with the places (seq) in the log; leave them out to compare logs of different order.
    """
    left_out = {"operator_id"} if places else {"operator_id", "seq"}
    rows: Dump = {}
    with database.reading() as connection:
        for table in (table for tables in TABLES_OF.values() for table in tables):
            shown = [column for column in table.c if column.name not in left_out]
            query = select(*shown).where(table.c.operator_id == operator_id)
            rows[table.name] = sorted((tuple(row) for row in connection.execute(query)), key=repr)
    return rows
