"""Many rows at once, by the fastest way each store has: executemany on SQLite, COPY and arrays on PostgreSQL.

Rows are tuples in the order of the table's columns, in storage values (see `schema`), and pass as they are.
"""

import functools
import json
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Table
from sqlalchemy.dialects import postgresql

from activity_log.database import POSTGRESQL

T = TypeVar("T")
Row = tuple[Any, ...]
_KEYS_PER_QUERY = 10_000
_WORTH_STAGING = 500
_NOTHING: Row = ()


class Keep(Enum):
    """What happens to a row where one of the same primary key is there already."""

    NEW = "new"
    """There is none: the caller knows."""

    FIRST = "first"
    """Nothing: both say the same, or the first one counts."""

    REPLACE = "replace"
    """The new row takes its place."""

    LATEST = "latest"
    """The row of the greater (occurred_at, event_id) stays; the table has these two columns."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row], keep: Keep) -> int:
    """Insert rows and return how many were new or, with LATEST, at most as many as were written."""
    if not rows:
        return 0
    rows = _in_order(table, _merged(table, rows, keep), keep)
    if connection.dialect.name != POSTGRESQL:
        marks = ", ".join("?" for _ in table.c)
        statement = _statement(table, f"VALUES ({marks})", keep, "")
        return connection.exec_driver_sql(statement, list(rows)).rowcount
    if keep is Keep.NEW:
        return _copy(connection, table.name, table, rows)
    if len(rows) > _WORTH_STAGING:
        source, values = f"SELECT * FROM {_staged(connection, table, rows)}", _NOTHING
    else:
        arrays = ", ".join(f"%s::{_postgresql_type(table, name)}[]" for name in _names(table))
        source = f"SELECT * FROM unnest({arrays})"
        values = tuple(list(column) for column in zip(*rows, strict=True))
    statement = _statement(table, source, keep, ' COLLATE "C"')
    return connection.exec_driver_sql(statement, values).rowcount


def run(connection: Connection, statement: str, values: Row) -> CursorResult[Any]:
    """Run a ready statement, its parameters marked `?`: what every batch does is not to be built anew each time."""
    marked = statement.replace("?", "%s") if connection.dialect.name == POSTGRESQL else statement
    return connection.exec_driver_sql(marked, values)


def batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of at most `size`: a statement takes only so many."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch


def select_by_keys(
    connection: Connection, table: Table, keys: Sequence[Row], columns: Sequence[str]
) -> Iterator[Row]:
    """Yield these columns of the rows whose primary key (of text columns) is among `keys`."""
    names = [column.name for column in table.primary_key]
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        some = keys[start : start + _KEYS_PER_QUERY]
        if connection.dialect.name == POSTGRESQL:
            source = f"SELECT * FROM unnest({', '.join('%s::text[]' for _ in names)})"
            values: tuple[Any, ...] = tuple(list(column) for column in zip(*some, strict=True))
        else:
            marks = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(names)))
            source, values = f"SELECT {marks} FROM json_each(?)", (json.dumps(some),)
        statement = f"SELECT {', '.join(columns)} FROM {table.name} WHERE ({', '.join(names)}) IN ({source})"
        yield from (tuple(row) for row in connection.exec_driver_sql(statement, values))


@functools.cache
def _statement(table: Table, source: str, keep: Keep, collate: str) -> str:
    names = ", ".join(_names(table))
    return f"INSERT INTO {table.name} ({names}) {source} {_on_conflict(table, keep, collate)}"


def _on_conflict(table: Table, keep: Keep, collate: str) -> str:
    if keep is Keep.NEW:
        return ""
    if keep is Keep.FIRST:
        return "ON CONFLICT DO NOTHING"
    keys = [column.name for column in table.primary_key]
    others = [name for name in _names(table) if name not in keys]
    target, name = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET ", table.name
    values = ", ".join(f"{other} = excluded.{other}" for other in others)
    if keep is Keep.REPLACE:
        return target + values
    return (
        f"{target}{values} WHERE (excluded.occurred_at, excluded.event_id{collate}) "
        f"> ({name}.occurred_at, {name}.event_id{collate})"
    )


def _merged(table: Table, rows: Sequence[Row], keep: Keep) -> Sequence[Row]:
    """Keep the latest of rows of one key: PostgreSQL touches no row twice in one statement."""
    if keep is not Keep.LATEST:
        return rows
    names, key = _names(table), key_of(table)
    stamp = itemgetter(names.index("occurred_at"), names.index("event_id"))
    latest: dict[Any, Row] = {}
    for row in rows:
        at = key(row)
        if at not in latest or stamp(row) > stamp(latest[at]):
            latest[at] = row
    return list(latest.values())


def _in_order(table: Table, rows: Sequence[Row], keep: Keep) -> Sequence[Row]:
    return sorted(rows, key=key_of(table)) if is_sorted_first(table, keep) else rows


def is_sorted_first(table: Table, keep: Keep) -> bool:
    """Say whether rows would fall all over an index, and are better sorted: neighbours share a page of it."""
    is_clustered = table.dialect_options["sqlite"]["with_rowid"] is False
    return is_clustered or keep is not Keep.NEW


@functools.cache
def key_of(table: Table) -> Any:
    """Return the function that gives a row's primary key."""
    names = _names(table)
    return itemgetter(*(names.index(column.name) for column in table.primary_key))


@functools.cache
def _postgresql_type(table: Table, column: str) -> str:
    return table.c[column].type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]


def _names(table: Table) -> list[str]:
    return [column.name for column in table.c]


def _staged(connection: Connection, table: Table, rows: Iterable[Row]) -> str:
    """Copy rows into a temporary table like this one, emptied with the transaction; return its name."""
    stage = f"incoming_{table.name}"
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} (LIKE {table.name}) ON COMMIT DELETE ROWS"
    )
    connection.exec_driver_sql(f"TRUNCATE {stage}")
    _copy(connection, stage, table, rows)
    return stage


def _copy(connection: Connection, target: str, table: Table, rows: Iterable[Row]) -> int:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        with cursor.copy(f"COPY {target} ({', '.join(_names(table))}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        written: int = cursor.rowcount
    return written
