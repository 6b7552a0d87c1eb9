"""The latest row of each example's entity that had happened and was known at the example's moment, by DuckDB."""

from collections.abc import Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from activity_log.errors import BusflowError


class RowsReplacedError(BusflowError):
    """A build replaced feature rows while they were joined: join again."""

    def __init__(self) -> None:
        super().__init__("feature rows were built anew while a training set was joined: start it again")


class Rows(NamedTuple):
    """Parquet rows of features.

    pattern: which files. at: the moment a row describes; known_at: when it became known (columns, UTC).
    names: of the features returned, by those in the files.
    """

    pattern: str
    keys: tuple[str, ...]
    at: str
    known_at: str
    names: Mapping[str, str]


def latest_known(
    connection: duckdb.DuckDBPyConnection, rows: Rows, examples: pa.Table, moment: str
) -> pa.Table:
    """Return the features of each example, in the order of the examples; null where there is no row.

    examples: the keys and `moment` (UTC). Of the rows whose `at` and `known_at` are not after the moment, the one
    with the latest `at` counts, between equals the one known last. Raises RowsReplacedError.
    """
    files = sorted(glob(rows.pattern))  # noqa: PTH207 - a whole pattern, as Feast keeps it
    before = _stamps(files)
    _ask(connection, rows, examples, moment)
    _find_candidates(connection, rows, files)
    used = _match(connection)
    found = _fetch(connection, rows, [files[number] for number in used] or files[:1])
    if _stamps(files) != before:
        raise RowsReplacedError
    return found


def _ask(connection: duckdb.DuckDBPyConnection, rows: Rows, examples: pa.Table, moment: str) -> None:
    """Make the tables `entities`, each once with a number, and `asked`: place, entity, moment."""
    asked = examples.select([*rows.keys, moment]).rename_columns([*rows.keys, "moment"])
    connection.register("examples", asked.append_column("place", pa.array(range(len(asked)), pa.int32())))
    keys = _listed(rows.keys)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE entities AS
        SELECT {keys}, row_number() OVER ()::INTEGER AS entity FROM (SELECT DISTINCT {keys} FROM examples);
        CREATE OR REPLACE TEMP TABLE asked AS
        SELECT place, entity, moment FROM examples JOIN entities USING ({keys})
        """
    )


def _find_candidates(connection: duckdb.DuckDBPyConnection, rows: Rows, files: Sequence[str]) -> None:
    """Collect where rows of the entities stand and from when on they count: entity, told, known, available, ..."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE candidates AS
        SELECT entity, "{rows.at}"::TIMESTAMPTZ AS told, "{rows.known_at}"::TIMESTAMPTZ AS known,
               greatest(told, known) AS available, file_index AS file, file_row_number AS line
        FROM read_parquet(?, hive_partitioning = false, union_by_name = true)
        JOIN entities USING ({_listed(rows.keys)})
        WHERE greatest("{rows.at}", "{rows.known_at}") <= (SELECT max(moment) FROM asked)
        """,
        [list(files)],
    )
    late = connection.sql("SELECT bool_or(told <> known) FROM candidates").fetchone()
    if late and late[0]:
        _drop_overtaken(connection)


def _drop_overtaken(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the rows that are the latest of their entity when they become known: the later, the later they are."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE candidates AS
        SELECT * FROM candidates
        QUALIFY row(told, known) = max(row(told, known)) OVER (PARTITION BY entity ORDER BY available)
        """
    )


def _match(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Find each example's row: place, file, line. Return the numbers of the files that are needed, in order."""
    connection.execute(
        """
        SET asof_loop_join_threshold = 0;  -- for few examples DuckDB would loop over all rows, which takes minutes
        CREATE OR REPLACE TEMP TABLE matched AS
        SELECT place, file, line FROM asked ASOF JOIN candidates
        ON asked.entity = candidates.entity AND asked.moment >= candidates.available
        """
    )
    used = [row[0] for row in connection.sql("SELECT DISTINCT file FROM matched ORDER BY 1").fetchall()]
    numbers = pa.table(
        {"file": pa.array(used, pa.uint64()), "number": pa.array(range(len(used)), pa.uint64())}
    )
    connection.register("numbers", numbers)
    return used


def _fetch(connection: duckdb.DuckDBPyConnection, rows: Rows, files: Sequence[str]) -> pa.Table:
    wanted = ", ".join(f'"{name}" AS "{renamed}"' for name, renamed in rows.names.items())
    return connection.execute(
        f"""
        WITH found AS (
            SELECT place, {wanted} FROM read_parquet(?, hive_partitioning = false, union_by_name = true) AS rows
            JOIN (SELECT place, number, line FROM matched JOIN numbers USING (file)) AS matched
            ON rows.file_index = matched.number AND rows.file_row_number = matched.line
        )
        SELECT found.* EXCLUDE (place) FROM asked LEFT JOIN found USING (place) ORDER BY asked.place
        """,
        [list(files)],
    ).fetch_arrow_table()


def _stamps(files: Sequence[str]) -> list[tuple[int, int]]:
    stats = [Path(file).stat() for file in files]
    return [(stat.st_ino, stat.st_mtime_ns) for stat in stats]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
