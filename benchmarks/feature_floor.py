"""The floor of feature builds: the tables of all groups at one moment, in SQL written by hand for DuckDB.

One operator; customers are numbered, each fact is joined to its customer once, days and months come from plain
timestamps, and what goes together is grouped once. Every statement is one that its author would defend.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.feature_floor_groups import GROUP_TABLES
from benchmarks.feature_floor_tables import TABLES
from feature_repo.groups import GROUPS

FACTS = (
    "profiles", "bookings", "trips", "cancellations", "no_shows", "boardings", "extras", "abandonments", "messages",
    "conversations", "consents", "tours",
)  # fmt: skip
Connection = duckdb.DuckDBPyConnection


def open_floor(facts: Path, identities: pa.Table, scratch: Path) -> Connection:
    """Open the fact files of one operator. Loading them into tables first does not pay, not for 24 moments either."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = '{scratch}'")
    connection.register("folded", identities)
    connection.execute("CREATE TEMP TABLE identities AS SELECT * FROM folded")
    for name in FACTS:
        connection.execute(
            f"""CREATE TEMP VIEW {name} AS
            SELECT * EXCLUDE (operator_id), greatest(occurred_at, recorded_at) AS known_at,
                epoch_us(occurred_at) // 1000000 AS seconds
            FROM read_parquet('{facts}/{name}/*.parquet')"""
        )
    return connection


def write_floor(connection: Connection, operator_id: str, moment: datetime, folder: Path) -> None:
    """Write one Parquet file per group into `folder`: the same columns and rows, in the same order, as a build."""
    for statement in _statements(moment):
        connection.execute(statement)
    for group in GROUPS:
        columns = ", ".join(feature.name for feature in group.features)
        stamp = f"TIMESTAMPTZ '{moment.isoformat()}'"
        connection.execute(
            f"""COPY (SELECT '{operator_id}' AS operator_id, customer_id, {columns}, {stamp} AS event_timestamp,
            {stamp} AS known_at FROM ({GROUP_TABLES[group.name]}) ORDER BY customer_id)
            TO '{folder / group.name}.parquet' (FORMAT parquet)"""
        )


def _statements(moment: datetime) -> Iterator[str]:
    yield f"SET VARIABLE t = TIMESTAMPTZ '{moment.isoformat()}'"
    yield "SET VARIABLE s = epoch_us(getvariable('t')) // 1000000"
    yield "SET VARIABLE d = epoch_us(getvariable('t')) // 86400000000"
    for name, select in TABLES.items():
        yield f"CREATE OR REPLACE TEMP TABLE {name} AS {select}"
