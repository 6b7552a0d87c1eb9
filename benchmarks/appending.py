"""Appending to a long log beside appending to an empty one, and a customer's timeline out of the long one."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from activity_log import schema
from activity_log.database import Database, open_log
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import ingest_events
from activity_log.operators import register_operator
from activity_log.timeline import PAGE, timeline
from benchmarks.costs import Cost, cost_of, quantile
from benchmarks.figure import Bound, Figure
from benchmarks.ingestion import NOW
from benchmarks.simulated import as_operator, last_lines, lines_of
from benchmarks.sizes import Sizes
from benchmarks.stores import Store

OPERATORS = 10
BATCH = 500
WARM = 5
"""Batches, or single events, that are sent before measuring."""

READS = 2_000
_SEED = 20261101


class Logs(NamedTuple):
    """A long log and an empty one of the same operators; events: in the long one. fresh: events of neither."""

    long: Database
    empty: Database
    events: int
    fresh: Iterator[list[bytes]]


def measure(store: Store, path: Path, sizes: Sizes, *, random_ids: bool) -> list[Figure]:
    """Append to a log of ten operators, each with the events of `path` under ids of its own.

    random_ids: event ids are random, so that noting them touches the index everywhere; else they are counted up.
    """
    with _logs(store, path, sizes, random_ids=random_ids) as logs:
        kind = f"log of {logs.events:,} events, {'random' if random_ids else 'counted'} ids"
        batches = _appending(f"appending {BATCH} events to a {kind}", store, logs, BATCH, sizes.repeats)
        singles = _appending(f"appending one event to a {kind}", store, logs, 1, sizes.repeats * 5)
        return [batches, singles, *_timeline(kind, store, logs.long)]


@contextmanager
def _logs(store: Store, path: Path, sizes: Sizes, *, random_ids: bool) -> Iterator[Logs]:
    held_back = _needed(sizes) // OPERATORS + BATCH
    with ExitStack() as stack:
        long, empty = (
            stack.enter_context(closing(open_log(stack.enter_context(store.fresh())))) for _ in range(2)
        )
        for number in range(OPERATORS):
            operator_id = f"operator-{number}"
            for database in (long, empty):
                register_operator(database, operator_id, now=NOW)
            part = _part(path, operator_id, lines_of(path) - held_back, random_ids=random_ids)
            ingest_file(long, part, now=NOW)
            part.unlink()
            print(f"  {store.name}: {operator_id} of {OPERATORS} is in", flush=True)
        with long.reading() as connection:
            events = connection.execute(select(func.count()).select_from(schema.event)).scalar_one()
        yield Logs(long, empty, events, _batches(path, held_back, random_ids=random_ids))


def _needed(sizes: Sizes) -> int:
    return (sizes.repeats + WARM) * BATCH + sizes.repeats * 5 + WARM


def _part(path: Path, operator_id: str, count: int, *, random_ids: bool) -> Path:
    part = path.with_name(f"{operator_id}.jsonl")
    with path.open("rb") as source, part.open("wb") as target:
        target.writelines(as_operator(islice(source, count), operator_id, random_ids=random_ids))
    return part


def _batches(path: Path, held_back: int, *, random_ids: bool) -> Iterator[list[bytes]]:
    """Yield batches of one operator each, in turn, as `POST /events` brings them: what comes next in its history."""
    tail = last_lines(path, held_back)
    random.Random(_SEED).shuffle(tail)
    for start in range(0, len(tail) - BATCH + 1, BATCH):
        for number in range(OPERATORS):
            lines = iter(tail[start : start + BATCH])
            yield list(as_operator(lines, f"operator-{number}", random_ids=random_ids))


def _appending(name: str, store: Store, logs: Logs, size: int, repeats: int) -> Figure:
    """Send the same batches to both logs in turn, and compare the medians."""
    pieces = _pieces(logs.fresh, size)
    costs: list[tuple[Cost, Cost]] = []
    for batch in islice(pieces, repeats + WARM):
        long, empty = (
            cost_of(partial(ingest_events, database, batch, now=NOW)) for database in (logs.long, logs.empty)
        )
        costs.append((long, empty))
    long_costs, empty_costs = zip(*costs[WARM:], strict=True)
    return Figure(
        name,
        "ms",
        _median_ms(long_costs),
        _median_ms(empty_costs),
        "the same events into an empty log, in turn",
        bound=1.2,
        direction=Bound.AT_MOST,
        store=store.name,
        cpu_ratio=sum(cost.cpu for cost in long_costs) / sum(cost.cpu for cost in empty_costs),
    )


def _pieces(batches: Iterator[list[bytes]], size: int) -> Iterator[list[bytes]]:
    for batch in batches:
        for start in range(0, len(batch), size):
            yield batch[start : start + size]


def _median_ms(costs: tuple[Cost, ...]) -> float:
    return quantile([cost.seconds for cost in costs], 0.5) * 1_000


def _timeline(kind: str, store: Store, database: Database) -> list[Figure]:
    """Read the newest entries of customers drawn at random, each once."""
    table = schema.person_profile
    with database.reading() as connection:
        people = connection.execute(select(table.c.operator_id, table.c.customer_id)).all()
        drawn = random.Random(_SEED).choices(people, k=READS)
        taken = [_seconds(partial(timeline, connection, *customer)) for customer in drawn]
        bare = [_seconds(partial(_touchpoints, connection, *customer)) for customer in drawn]
    name = f"a customer's newest {PAGE} entries, {kind}"
    p50, p99 = quantile(taken, 0.5) * 1_000, quantile(taken, 0.99) * 1_000
    floor = Figure(
        f"{name}: median", "ms", p50, quantile(bare, 0.5) * 1_000, "their touchpoints alone", store=store.name
    )
    bound = Figure(f"{name}: p99", "ms", p99, bound=5.0, direction=Bound.AT_MOST, store=store.name)
    return [floor, bound]


def _touchpoints(connection: Connection, operator_id: str, customer_id: str) -> None:
    table = schema.touchpoint
    query = select(table.c.seq).where(table.c.operator_id == operator_id, table.c.customer_id == customer_id)
    connection.execute(query.order_by(table.c.occurred_at.desc()).limit(PAGE)).all()


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
