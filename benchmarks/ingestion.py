"""Taking in a file, validated and projected, beside bare inserts of the rows it leaves in `event`."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from activity_log import schema
from activity_log.bulk import Keep, Row, insert_rows
from activity_log.database import Database, open_log
from activity_log.ingest_file import ingest_file
from activity_log.operators import Operator, register_operator
from activity_log.partitions import make_partitions
from activity_log.replaying import replay
from benchmarks.costs import NOTHING, Cost, cost_of, watched_memory
from benchmarks.figure import Bound, Figure
from benchmarks.simulated import OPERATOR, first_lines, lines_of
from benchmarks.stores import Store

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PER_COMMIT = 20_000
"""Rows of a durable commit of the floor."""

MOST_MEGABYTES = 500


class Ingested(NamedTuple):
    """What taking in a file gave. rate: events per second."""

    rate: float
    figures: list[Figure]


def measure(store: Store, path: Path) -> Ingested:
    """Take in a file, replay the log it makes, and insert its rows bare."""
    events = lines_of(path)
    quarter_peak = _peak_of_a_quarter(store, path, events)
    with store.fresh() as settings, closing(open_log(settings)) as database:
        operator = register_operator(database, OPERATOR, now=NOW)
        with watched_memory() as memory:
            ours = cost_of(lambda: ingest_file(database, path, now=NOW))
        figures = [
            _memory("memory of taking in a file", store, memory.peak),
            _flatness(store, memory.peak, quarter_peak),
            _replay(store, database, operator, events / ours.seconds),
        ]
        floor, rows = _bare_insert(store, database)
    rate = _rate(store, ours, events, floor, rows)
    return Ingested(rate.value, [rate, *figures])


def _rate(store: Store, ours: Cost, events: int, floor: Cost, rows: int) -> Figure:
    how = "COPY" if store.name == "postgresql" else "executemany"
    return Figure(
        "taking in a file",
        "events/s",
        events / ours.seconds,
        rows / floor.seconds,
        f"the same rows into `event` by {how}, {PER_COMMIT:,} per commit, no validation, no read models",
        bound=0.4,
        store=store.name,
        cpu_ratio=(floor.cpu / rows) / (ours.cpu / events),
    )


def _memory(name: str, store: Store, megabytes: float) -> Figure:
    return Figure(name, "MB", megabytes, bound=MOST_MEGABYTES, direction=Bound.AT_MOST, store=store.name)


def _flatness(store: Store, whole: float, quarter: float) -> Figure:
    return Figure(
        "memory of a file against a quarter of it",
        "MB",
        whole,
        quarter,
        "the peak of taking in the first quarter of the file",
        bound=1.25,
        direction=Bound.AT_MOST,
        store=store.name,
    )


def _peak_of_a_quarter(store: Store, path: Path, events: int) -> float:
    part = first_lines(path, events // 4, path.with_name(f"quarter{path.suffix}"))
    with store.fresh() as settings, closing(open_log(settings)) as database, watched_memory() as memory:
        register_operator(database, OPERATOR, now=NOW)
        ingest_file(database, part, now=NOW)
    part.unlink()
    return memory.peak


def _replay(store: Store, database: Database, operator: Operator, ingested: float) -> Figure:
    """Return events per second of a replay of all read models, its commit included."""
    folded = 0

    def rebuild() -> None:
        nonlocal folded
        with database.writing() as connection:
            folded = replay(connection, operator)

    cost = cost_of(rebuild)
    return Figure(
        "replay of all read models",
        "events/s",
        folded / cost.seconds,
        ingested,
        "taking in the file the log was made from",
        bound=1.0,
        store=store.name,
    )


def _bare_insert(store: Store, source: Database) -> tuple[Cost, int]:
    """Insert all rows of `event` of a log into that of an empty one; return what it took, and how many rows."""
    cost, count = NOTHING, 0
    with store.fresh() as settings, closing(open_log(settings)) as bare, source.reading() as connection:
        for rows in _ready_rows(connection):
            with bare.writing() as writing:
                make_partitions(writing, (row[7] for row in rows))
            cost, count = cost + cost_of(partial(_insert, bare, rows)), count + len(rows)
    return cost, count


def _insert(bare: Database, rows: list[Row]) -> None:
    with bare.writing() as connection:
        insert_rows(connection, schema.event, rows, Keep.NEW)


def _ready_rows(connection: Connection) -> Iterator[list[Row]]:
    """Yield the rows of `event` as tuples in storage values, in the order of arrival."""
    names, after = ", ".join(schema.event.c.keys()), 0
    while rows := [
        tuple(row)
        for row in connection.exec_driver_sql(
            f"SELECT {names} FROM event WHERE seq > {after} ORDER BY seq LIMIT {PER_COMMIT}"
        )
    ]:
        yield rows
        after = rows[-1][0]
