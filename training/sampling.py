"""The facts of a sample of a large operator's customers: learning costs by the sample, not by the operator."""

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa

from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES

WHOLE = ("merges", "tours", "departures")
"""Facts that say something of everybody."""
TOGETHER = ("bookings", "trips", "cancellations")
"""Facts of a booking, which say something of all who are named on it."""

_THEIRS = "customer_id IN (FROM chosen)"
_BOOKING = f"{_THEIRS} OR booking_id IN (FROM bookings_of_theirs) OR booking_id IN (FROM trips_of_theirs)"


def customers_of(files: FactFiles) -> int:
    """Return how many customers there ever were."""
    row = duckdb.execute(
        "SELECT count(DISTINCT customer_id) FROM read_parquet(?)", [files.paths("profiles")]
    ).fetchone()
    return int(row[0]) if row else 0


def sampled_facts(files: FactFiles, target: Path, operator_id: str, most: int) -> FactFiles:
    """Write the facts that the features of `most` customers rest on to `target`; return their files.

    Pseudonyms are random, so the first in their order are a random sample, and the same one every time. Whoever was
    merged into one of them is in it too.
    """
    folder = target / operator_id
    shutil.rmtree(folder, ignore_errors=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        drawn = connection.execute(
            "SELECT DISTINCT customer_id FROM read_parquet(?) ORDER BY 1 LIMIT ?",
            [files.paths("profiles"), most],
        ).fetchall()
        chosen = _with_merged({customer_id for (customer_id,) in drawn}, _merges(connection, files))
        connection.register("chosen", pa.table({"customer_id": sorted(chosen)}))
        for table in TOGETHER[:2]:
            connection.execute(
                f"""CREATE TABLE {table}_of_theirs AS SELECT DISTINCT booking_id FROM read_parquet(?)
                WHERE customer_id IN (FROM chosen)""",
                [files.paths(table)],
            )
        for table in FACT_TABLES:
            (folder / table).mkdir(parents=True)
            for path in map(Path, files.paths(table)):
                if table in WHOLE:
                    (folder / table / path.name).symlink_to(path)
                else:
                    rows = f"SELECT * FROM '{path}' WHERE {_BOOKING if table in TOGETHER else _THEIRS}"
                    connection.execute(f"COPY ({rows}) TO '{folder / table / path.name}' (FORMAT parquet)")
    shutil.copy(files.manifest, folder)
    return FactFiles(target, operator_id)


def _merges(connection: duckdb.DuckDBPyConnection, files: FactFiles) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT DISTINCT customer_id, merged_customer_id FROM read_parquet(?)", [files.paths("merges")]
    ).fetchall()


def _with_merged(chosen: set[str], merges: list[tuple[str, str]]) -> set[str]:
    """Add whoever was ever merged into one of the chosen, and into those."""
    everybody, newest = set(chosen), chosen
    while newest:
        newest = {merged for surviving, merged in merges if surviving in newest} - everybody
        everybody |= newest
    return everybody
