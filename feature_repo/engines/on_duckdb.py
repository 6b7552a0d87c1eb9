"""DuckDB, on this machine. What does not fit its memory goes to disk."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from activity_log.facts.export import FactFiles
from feature_repo.engines.engine import Engine, Start
from feature_repo.expressions.clocks import Facts
from feature_repo.sources import connect_duckdb, identities_of_files


def duckdb(memory: str = "") -> Start:
    """Return how to start DuckDB with so much memory, as `8GB`; empty: four fifths of what the machine allows."""
    return partial(_started, memory)


@contextmanager
def _started(memory: str, scratch: Path) -> Iterator[Engine]:
    connection = connect_duckdb()
    with closing(connection.con):
        if memory:
            connection.raw_sql(f"SET memory_limit = '{memory}'")
        connection.raw_sql(f"SET temp_directory = '{_quoted(scratch)}'")
        connection.raw_sql("SET preserve_insertion_order = false")
        yield DuckDBEngine(connection)


class DuckDBEngine:
    """An in-memory DuckDB."""

    def __init__(self, connection: Backend):
        self._connection = connection

    def facts(self, files: FactFiles, operator_id: str) -> Facts:
        """Return the operator's fact tables as views of their files."""
        names = [field.name for field in fields(Facts) if field.name != "identities"]
        for name in names:
            self._view(name, files.paths(name))
        self.hold("identities", identities_of_files(files, operator_id))
        return Facts(**{name: self._connection.table(name) for name in (*names, "identities")})

    def compile(self, rows: ir.Table) -> str:
        """Return the SQL of an expression."""
        return str(self._connection.compile(rows))

    def hold(self, name: str, rows: pa.Table) -> None:
        """Keep a few rows as a table."""
        self._connection.con.register("rows_to_hold", _without_zone(rows))
        self.keep(name, "SELECT * FROM rows_to_hold")
        self._connection.con.unregister("rows_to_hold")

    def keep(self, name: str, sql: str) -> None:
        """Compute rows into a temporary table."""
        self._connection.raw_sql(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {sql}')

    def write(self, sql: str, path: Path) -> None:
        """Compute rows into a Parquet file."""
        self._connection.raw_sql(f"COPY ({sql}) TO '{_quoted(path)}' (FORMAT parquet)")

    def _view(self, name: str, paths: list[str]) -> None:
        """Show moments as plain timestamps: DuckDB takes 30 to 80 times longer for the date of one with a zone."""
        listed = ", ".join(f"'{_quoted(path)}'" for path in paths)
        plain = ", ".join(
            f"make_timestamp(epoch_us({column})) AS {column}" for column in ("occurred_at", "recorded_at")
        )
        self._connection.raw_sql(
            f"CREATE VIEW {name} AS SELECT * REPLACE ({plain}) FROM read_parquet([{listed}])"
        )


def _without_zone(rows: pa.Table) -> pa.Table:
    columns = [
        field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(columns))


def _quoted(path: Path | str) -> str:
    return str(path).replace("'", "''")
