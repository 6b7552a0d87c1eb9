"""Bringing events in: gate, ledger and read models in one transaction per batch.

All ways in end here, so the end state does not depend on the way. A batch is all or nothing; what was in a
committed batch before a kill is recognised as a duplicate when the same input is sent again.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from activity_log import ledger, projections, schema
from activity_log.database import Database
from activity_log.errors import WrongUseError
from activity_log.gate import Accepted, Admission, Discarded, Gate, Rejected
from activity_log.operators import list_operators
from activity_log.quarantine import put_aside

FILE_BATCH = 2_000


class Quarantined(NamedTuple):
    """An event that was put aside; `id` is None where none could be read."""

    id: str | None
    reason: str


@dataclass(frozen=True)
class Receipt:
    """What became of a batch. `quarantined` lists each event put aside."""

    accepted: int = 0
    duplicates: int = 0
    discarded: int = 0
    quarantined: tuple[Quarantined, ...] = field(default=())

    def __add__(self, other: "Receipt") -> "Receipt":
        return Receipt(
            self.accepted + other.accepted,
            self.duplicates + other.duplicates,
            self.discarded + other.discarded,
            self.quarantined + other.quarantined,
        )


def ingest(database: Database, admissions: Sequence[Admission], now: datetime) -> Receipt:
    """Log what was admitted, put aside what was rejected, count what was discarded: one transaction."""
    operators = {operator.operator_id: operator for operator in list_operators(database)}
    accepted = [admission for admission in admissions if isinstance(admission, Accepted)]
    discarded = [admission for admission in admissions if isinstance(admission, Discarded)]
    rejected = [admission for admission in admissions if isinstance(admission, Rejected)]
    with database.writing() as connection:
        logged = ledger.append(connection, accepted)
        projections.project(connection, operators, logged)
        counted = _count_discarded(connection, discarded)
        put_aside(connection, rejected, now)
    return Receipt(
        accepted=len(logged),
        duplicates=len(accepted) - len(logged) + len(discarded) - counted,
        discarded=counted,
        quarantined=tuple(Quarantined(rejection.event_id, rejection.reason) for rejection in rejected),
    )


def ingest_events(
    database: Database,
    raws: Sequence[bytes],
    *,
    now: datetime,
    only_operator: str | None = None,
    keep_recorded_time: bool = False,
) -> Receipt:
    """Take in CloudEvents, one JSON text each: gate, log and read models in one transaction. The way in for all.

    only_operator: whose events these must be; others are put aside. keep_recorded_time: as in `Gate`.
    """
    operator_ids = {operator.operator_id for operator in list_operators(database)}
    if only_operator is not None:
        operator_ids &= {only_operator}
    gate = Gate(operator_ids, now, keep_recorded_time)
    return ingest(database, [gate.admit(raw) for raw in raws], now)


def ingest_file(
    database: Database,
    path: Path,
    *,
    only_operator: str | None = None,
    now: datetime,
    progress: Callable[[int], object] = lambda _: None,
) -> Receipt:
    """Ingest a file of one CloudEvent per line (`.jsonl`, or `.gz` of it), batch by batch.

    Run it again after an interruption: what is in the log already counts as duplicate. `recordedtime` is
    honoured, since a file brings history. progress is called with the bytes of the file read so far.
    Raises WrongUseError if the file cannot be read.
    """
    operator_ids = {operator.operator_id for operator in list_operators(database)}
    if only_operator is not None:
        operator_ids &= {only_operator}
    gate = Gate(operator_ids, now, keep_recorded_time=True)
    receipt = Receipt()
    for lines, position in _line_batches(path):
        receipt += ingest(database, [gate.admit(line) for line in lines], now)
        progress(position)
    return receipt


def _line_batches(path: Path) -> Iterator[tuple[list[bytes], int]]:
    try:
        with path.open("rb") as file:
            lines = _lines(file, gzipped=path.suffix == ".gz")
            while batch := list(islice(lines, FILE_BATCH)):
                yield batch, file.tell()
    except (OSError, EOFError) as error:
        raise WrongUseError(f"{path}: cannot be read as JSON lines: {error}") from error


def _lines(file: IO[bytes], *, gzipped: bool) -> Iterator[bytes]:
    stream: Iterable[bytes] = gzip.GzipFile(fileobj=file) if gzipped else iter(file.readline, b"")
    return (line.strip() for line in stream if line.strip())


def _count_discarded(connection: Connection, discarded: Sequence[Discarded]) -> int:
    fresh = 0
    for event in discarded:
        statement = insert(schema.discarded).values(**vars(event)).on_conflict_do_nothing()
        fresh += connection.execute(statement).rowcount
    return fresh
