"""Counting what became of events, in the database and in the very transaction of each batch.

So the counters survive restarts, hold what commands and consumers did, and are exact after a kill.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Literal

from prometheus_client import Histogram
from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.bulk import run
from activity_log.gate import Discarded, Rejected
from activity_log.ledger import Line

Way = Literal["http", "file", "broker", "import", "quarantine"]
Outcome = Literal["accepted", "duplicate", "discarded", "quarantined"]
STRANGER = ""
"""Stands for whoever is not registered, since they could call themselves anything."""

BATCH_SECONDS = Histogram(
    "busflow_ingest_batch_seconds",
    "How long batches of events took from the gate to the commit",
    ["way"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


@contextmanager
def timed_batch(way: Way) -> Iterator[None]:
    """Time a batch, unless it fails."""
    with BATCH_SECONDS.labels(way).time():
        yield


def count(
    connection: Connection,
    way: Way,
    *,
    lines: Sequence[Line],
    duplicates: Collection[int] = (),
    discarded: Iterable[Discarded] = (),
    rejected: Sequence[Rejected] = (),
) -> None:
    """Add a batch to the counters, in its transaction. duplicates: places in `lines` of events seen before."""
    came = Counter(map(_OPERATOR_ID, lines))
    seen_before = Counter(_OPERATOR_ID(lines[place]) for place in duplicates)
    outcomes: dict[Outcome, Counter[str]] = {
        "accepted": came - seen_before,
        "duplicate": seen_before,
        "discarded": Counter(one.operator_id for one in discarded),
        "quarantined": Counter(_senders(connection, rejected)),
    }
    for outcome, by_operator in outcomes.items():
        for operator_id, events in by_operator.items():
            run(connection, _ADD, (operator_id, way, outcome, events))


_ADD = """
INSERT INTO intake (operator_id, way, outcome, events) VALUES (?, ?, ?, ?)
ON CONFLICT (operator_id, way, outcome) DO UPDATE SET events = intake.events + excluded.events
"""

_OPERATOR_ID = itemgetter(0)  # of a Line; half the time of asking by name


def _senders(connection: Connection, rejected: Sequence[Rejected]) -> list[str]:
    """Return the operator each event claims to be of, if it is registered."""
    if not rejected:
        return []
    known = set(connection.execute(select(schema.operator.c.operator_id)).scalars())
    claimed = (one.operator_id or STRANGER for one in rejected)
    return [operator_id if operator_id in known else STRANGER for operator_id in claimed]
