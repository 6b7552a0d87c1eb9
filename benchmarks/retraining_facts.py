"""A large operator to retrain for: 100,000 customers, 1,000,000 bookings, 1,000 tours, made of a simulated small one.

Twenty years of 3,000 simulated people are copied. In every second copy the people are dealt anew, always otherwise,
so that a customer lives two simulated lives that nobody else lives together: ten bookings each. A quarter of the
families are there twice, so that there are 1,000 tours. Messages and what goes with them are of the last five years
only, and of every second copy.
"""

import shutil
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq

from activity_log.database import open_log
from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from benchmarks.ingestion import NOW
from benchmarks.simulated import OPERATOR
from simulator import SimulationSpec, simulate, write

PEOPLE, YEARS, FAMILIES = 3_000, 20, 20
BOOKINGS_OF_PEOPLE = 13_695
"""What 3,000 people book in twenty years."""
TWICE = ("allgaeu", "bad-fuessing", "berlin", "bodensee", "dolomiten")
"""Families that every second copy knows under another name."""
TALK = ("messages", "conversations", "abandonments", "suggestions")
TALK_SINCE = date(2021, 11, 1)
NAMED = ("event_id", "booking_id", "message_id", "recommendation_id")
CATALOGUE = ("tours", "departures")


class Size(NamedTuple):
    """What there is to learn from."""

    customers: int
    bookings: int
    tours: int


def large_operator(home: Path, bookings: int) -> Size:
    """Make an installation in `home` with an operator of about so many bookings; return its size."""
    settings = load_settings(home=home, database_url="", mlflow_tracking_uri="")
    home.mkdir(parents=True, exist_ok=True)
    simulation = simulate(SimulationSpec(customers=PEOPLE, years=YEARS, families=FAMILIES, until=NOW.date()))
    write(simulation, home / "events.jsonl", home / "truth.json")
    with closing(open_log(settings)) as database:
        operator = register_operator(database, OPERATOR, now=NOW)
        ingest_file(database, home / "events.jsonl", now=NOW)
        FactFiles(settings.facts_dir, OPERATOR).refresh(database, operator)
    small = settings.facts_dir.rename(home / "small-facts")
    multiply(
        small / OPERATOR, settings.facts_dir / OPERATOR, copies=max(2, round(bookings / BOOKINGS_OF_PEOPLE))
    )
    shutil.rmtree(small)
    return _size(settings.facts_dir / OPERATOR)


def multiply(source: Path, target: Path, copies: int) -> None:
    """Write so many copies of the facts in `source` to `target`, file by file."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        connection.execute(
            f"""CREATE TABLE dealt AS WITH people AS (
                SELECT customer_id, row_number() OVER (ORDER BY md5(customer_id)) - 1 AS place, count(*) OVER () AS n
                FROM (SELECT DISTINCT customer_id FROM '{source}/profiles/*.parquet'))
            SELECT one.customer_id, pair, other.customer_id AS other
            FROM people AS one CROSS JOIN range({copies // 2 + 1}) AS pairs(pair)
            JOIN people AS other ON other.place = (one.place + 7 * (pair + 1)) % one.n"""
        )
        connection.execute(
            f"""CREATE TABLE twice AS SELECT DISTINCT tour_id FROM '{source}/tours/*.parquet'
            WHERE family_id IN {TWICE}"""
        )
        for table in FACT_TABLES:
            (target / table).mkdir(parents=True)
            for file in sorted((source / table).glob("*.parquet")):
                connection.execute(f"COPY ({_copies(table, file, copies)}) TO '{target / table / file.name}'")
    shutil.copy(source / "manifest.json", target / "manifest.json")


def _copies(table: str, file: Path, copies: int) -> str:
    names = pq.read_schema(file).names
    if table in CATALOGUE:
        changed = [f"{name} || '-b' AS {name}" for name in ("tour_id", "family_id") if name in names]
        twin = f"SELECT * REPLACE ({', '.join(changed)}) FROM '{file}' WHERE tour_id IN (FROM twice)"
        return f"SELECT * FROM '{file}' UNION ALL {twin}"
    pair = "'-' || lpad((copy // 2)::VARCHAR, 4, '0')"
    odd = "copy % 2 = 1"
    dealt = {name: f"(CASE WHEN {odd} THEN coalesce({name[0]}.other, f.{name}) ELSE f.{name} END || {pair})"
             for name in ("customer_id", "merged_customer_id")}  # fmt: skip
    columns = []
    for name in names:
        if name in dealt:
            columns.append(f"{dealt[name]} AS {name}")
        elif name in NAMED:
            columns.append(f"f.{name} || '-' || copy AS {name}")
        elif name == "tour_id":
            columns.append(
                f"f.tour_id || CASE WHEN {odd} AND t.tour_id IS NOT NULL THEN '-b' ELSE '' END AS tour_id"
            )
        else:
            columns.append(f"f.{name}")
    joins = "LEFT JOIN dealt AS c ON c.customer_id = f.customer_id AND c.pair = copy // 2"
    if "merged_customer_id" in names:
        joins += " LEFT JOIN dealt AS m ON m.customer_id = f.merged_customer_id AND m.pair = copy // 2"
    if "tour_id" in names:
        joins += " LEFT JOIN twice AS t ON t.tour_id = f.tour_id"
    talk = f"WHERE copy % 2 = 0 AND f.occurred_at >= DATE '{TALK_SINCE}'" if table in TALK else ""
    once = "WHERE copy % 2 = 0" if table in ("profiles", "merges", "consents") else ""
    source = f"FROM '{file}' AS f CROSS JOIN range({copies}) AS r(copy)"
    return f"SELECT {', '.join(columns)} {source} {joins} {talk}{once}"


def _size(facts: Path) -> Size:
    def count(table: str, column: str) -> int:
        row = duckdb.execute(f"SELECT count(DISTINCT {column}) FROM '{facts / table}/*.parquet'").fetchone()
        assert row is not None
        return int(row[0])

    return Size(count("profiles", "customer_id"), count("bookings", "booking_id"), count("tours", "tour_id"))
