"""Bringing events in: gate, ledger and read models in one transaction per batch.

All ways in end here, so the end state does not depend on the way. A batch is all or nothing; what was in a
committed batch before a kill is recognised as a duplicate when the same input is sent again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from activity_log import ledger, schema, tallies
from activity_log.bulk import Keep, insert_rows, select_by_keys
from activity_log.database import Database
from activity_log.errors import TooManyEventsError
from activity_log.garbage import without_cyclic_gc
from activity_log.gate import Admission, Discarded, Gate
from activity_log.operators import Operator, list_operators
from activity_log.outbox import react
from activity_log.preparing import Prepared, prepare
from activity_log.privacy import forget
from activity_log.projections import project
from activity_log.quarantine import kind_of, put_aside
from activity_log.tallies import Way, timed_batch
from activity_log.tracing import batch_span

MOST_EVENTS = 10_000
"""In one request: one transaction, that holds up other writers while it lasts."""


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


@dataclass
class Tally:
    """What became of many batches; `reasons`: how many events were put aside for which kind of reason."""

    accepted: int = 0
    duplicates: int = 0
    discarded: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, receipt: Receipt) -> None:
        """Count one more batch."""
        self.accepted += receipt.accepted
        self.duplicates += receipt.duplicates
        self.discarded += receipt.discarded
        self.quarantined += len(receipt.quarantined)
        self.reasons.update(kind_of(item.reason) for item in receipt.quarantined)


def ingest_events(
    database: Database,
    raws: Sequence[bytes],
    *,
    way: Way = "broker",
    now: datetime,
    only_operator: str | None = None,
    keep_recorded_time: bool = False,
) -> Receipt:
    """Take in CloudEvents, one JSON text each. only_operator, keep_recorded_time: as in `Gate`."""
    operators = operators_by_id(database)
    gate = Gate(frozenset(operators), now, keep_recorded_time, only_operator)
    with batch_span("ingest", raws, way=way), timed_batch(way), without_cyclic_gc():
        return _ingest(database, operators, [gate.admit(raw) for raw in raws], way, now)


def ingest_body(
    database: Database,
    body: bytes,
    *,
    now: datetime,
    only_operator: str | None = None,
    operators: Mapping[str, Operator] | None = None,
) -> Receipt:
    """Take in one CloudEvent or a JSON list of them, as they come by HTTP.

    operators: those who may send, where the caller knows them; None looks all of them up. Raises ValueError for what
    is no JSON, TooManyEventsError for more than MOST_EVENTS; then nothing was taken in.
    """
    operators = operators_by_id(database) if operators is None else operators
    gate = Gate(frozenset(operators), now, only_operator=only_operator)
    with batch_span("ingest", [body], way="http"), timed_batch("http"), without_cyclic_gc():
        admissions = gate.admit_body(body)
        if len(admissions) > MOST_EVENTS:
            raise TooManyEventsError(len(admissions), MOST_EVENTS)
        return _ingest(database, operators, admissions, "http", now)


def ingest(database: Database, admissions: Sequence[Admission], now: datetime, way: Way = "http") -> Receipt:
    """Log what was admitted, put aside what was rejected, count what was discarded: one transaction."""
    return _ingest(database, operators_by_id(database), admissions, way, now)


def _ingest(
    database: Database,
    operators: Mapping[str, Operator],
    admissions: Sequence[Admission],
    way: Way,
    now: datetime,
) -> Receipt:
    prepared = prepare(admissions, operators, now)
    with database.writing() as connection:
        return write(connection, operators, prepared, way, now)


def write(
    connection: Connection, operators: Mapping[str, Operator], prepared: Prepared, way: Way, now: datetime
) -> Receipt:
    """Write a prepared batch and all that follows from it, in the caller's writing transaction."""
    lines = prepared.lines
    appended = ledger.append(connection, lines, prepared.privates)
    first, duplicates = appended.first_seq, appended.duplicates
    project(
        connection,
        prepared.sheets,
        {line[0]: first + place for place, line in enumerate(lines) if place not in duplicates},
        first_seq=first,
        without=duplicates,
        erased=appended.erased,
    )
    for person, until_us in prepared.erasures:
        forget(connection, person, until_us)
    fresh = [one._replace(seq=first + one.seq) for one in prepared.noticed if one.seq not in duplicates]
    react(connection, operators, fresh, now)
    discarded = _note_discarded(connection, prepared.discarded)
    put_aside(connection, prepared.rejected, now)
    tallies.count(
        connection, way, lines=lines, duplicates=duplicates, discarded=discarded, rejected=prepared.rejected
    )
    return Receipt(
        accepted=len(lines) - len(duplicates),
        duplicates=len(duplicates) + len(prepared.discarded) - len(discarded),
        discarded=len(discarded),
        quarantined=tuple(Quarantined(one.event_id, one.reason) for one in prepared.rejected),
    )


def operators_by_id(database: Database) -> dict[str, Operator]:
    """Return all operators of the deployment by their ids."""
    return {operator.operator_id: operator for operator in list_operators(database)}


def _note_discarded(connection: Connection, discarded: Sequence[Discarded]) -> list[Discarded]:
    """Note the ids of discarded events; return those that were not noted before."""
    by_key = {(one.operator_id, one.event_id): one for one in reversed(discarded)}
    for key in select_by_keys(connection, schema.discarded, list(by_key), ("operator_id", "event_id")):
        del by_key[key]
    fresh = list(by_key.values())
    rows = [(one.operator_id, one.event_id, one.type, one.reason, one.recorded_us) for one in fresh]
    insert_rows(connection, schema.discarded, rows, Keep.NEW)
    return fresh
