"""Fact files of as many events as wanted: those of a simulated operator, copied with other customers in each copy."""

import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from activity_log.database import open_log
from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from benchmarks.ingestion import NOW
from benchmarks.simulated import OPERATOR, lines_of, simulated

COPIED_EVENTS = 100_000
RENAMED = ("customer_id", "merged_customer_id", "event_id", "booking_id", "message_id", "recommendation_id")
CATALOGUE = ("tours", "departures")
"""Which tables all copies share."""


def simulated_facts(home: Path) -> tuple[Path, int]:
    """Return the folder of facts of a simulated operator, made in `home`, and the number of its events."""
    settings = load_settings(home=home, database_url="")
    path = simulated(home / "events.jsonl", COPIED_EVENTS)
    with closing(open_log(settings)) as database:
        operator = register_operator(database, OPERATOR, now=NOW)
        ingest_file(database, path, now=NOW)
        FactFiles(settings.facts_dir, OPERATOR).refresh(database, operator)
    return settings.facts_dir, lines_of(path)


def copied_facts(source: Path, target: Path, copies: int) -> Path:
    """Write the facts of `copies` such operators, as one, to the folder `target`; return it.

    Each file of the source becomes one file in which the copies stand in turn.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    for table in FACT_TABLES:
        (target / OPERATOR / table).mkdir(parents=True)
        for file in (source / OPERATOR / table).glob("*.parquet"):
            _copy(connection, table, file, target / OPERATOR / table / file.name, copies)
    shutil.copy(source / OPERATOR / "manifest.json", target / OPERATOR / "manifest.json")
    return target


def _copy(connection: duckdb.DuckDBPyConnection, table: str, file: Path, target: Path, copies: int) -> None:
    if table in CATALOGUE:
        shutil.copy(file, target)
        return
    columns = ", ".join(
        f"{name} || '-' || lpad(copy::VARCHAR, 5, '0') AS {name}" if name in RENAMED else name
        for name in pq.read_schema(file).names
    )
    connection.execute(
        f"COPY (SELECT {columns} FROM '{file}', range({copies}) AS r(copy)) TO '{target}' (FORMAT parquet)"
    )
