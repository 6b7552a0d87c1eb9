"""Out of quarantine: repaired or unchanged through the same gate, or dropped for a stated reason.

An entry is resolved in the very transaction that logs its event. Writers take turns, so of two people at once the
second finds it resolved; a kill in between leaves it waiting.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, select, tuple_, update

from activity_log import quarantine, schema
from activity_log.database import Database
from activity_log.errors import WrongUseError
from activity_log.gate import Accepted, Admission, Discarded, Gate, Rejected
from activity_log.ingestion import operators_by_id, write
from activity_log.ledger import EventKey
from activity_log.operators import Operator
from activity_log.preparing import prepare
from activity_log.quarantine import Entry, Which

BATCH = 500


class Result(Enum):
    """What became of an entry. REFUSED alone leaves it waiting."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DISCARDED = "discarded"
    REFUSED = "refused"


class Outcome(NamedTuple):
    """What became of one entry; the reason where it was refused."""

    fingerprint: str
    event_id: str | None
    result: Result
    reason: str | None


@dataclass(frozen=True)
class Door:
    """The gate as re-submitted events meet it: at this moment, with all operators that are registered by now.

    keep_recorded_time: as in `Gate`, for entries that came from a file of history.
    """

    now: datetime
    keep_recorded_time: bool = False


Mend = Callable[[bytes], bytes]
Operators = Mapping[str, Operator]


def repair(database: Database, fingerprint: str, mend: Mend, door: Door) -> Outcome:
    """Re-submit an entry with other bytes; `mend` makes them of those that came.

    Refused again, the entry keeps its own bytes and takes the new reason. Raises WrongUseError for an entry that is
    unknown or resolved already.
    """
    operators = operators_by_id(database)
    with database.writing() as connection:
        entry = quarantine.find(connection, fingerprint)
        mended = mend(quarantine.original(connection, entry))
        return _submit(connection, operators, {entry: mended}, door)[0]


def resubmit(database: Database, fingerprints: Iterable[str], door: Door) -> list[Outcome]:
    """Re-submit entries unchanged, all in one transaction. Raises WrongUseError as `repair` does."""
    operators = operators_by_id(database)
    with database.writing() as connection:
        waiting = [quarantine.find(connection, fingerprint) for fingerprint in fingerprints]
        unchanged = {entry: quarantine.original(connection, entry) for entry in waiting}
        return _submit(connection, operators, unchanged, door)


def resubmit_all(
    database: Database, which: Which, door: Door, progress: Callable[[int], object] = lambda _: None
) -> Counter[Result]:
    """Re-submit all waiting entries of a choice unchanged, a transaction per batch; count what became of them.

    progress is called with the number of entries tried so far.
    """
    operators, results, after = operators_by_id(database), Counter[Result](), ""
    while True:
        with database.writing() as connection:
            waiting = quarantine.batch(connection, which, after, BATCH)
            outcomes = _submit(connection, operators, waiting, door)
        if not outcomes:
            return results
        after = outcomes[-1].fingerprint
        results.update(outcome.result for outcome in outcomes)
        progress(results.total())


def drop(database: Database, fingerprints: Iterable[str], because: str, now: datetime) -> int:
    """Give entries up; return how many. They stay listed as resolved, with the reason; their bytes are destroyed.

    Raises WrongUseError without a reason, and for an entry that is unknown or resolved already.
    """
    with database.writing() as connection:
        waiting = [quarantine.find(connection, fingerprint) for fingerprint in fingerprints]
        for entry in waiting:
            quarantine.refuse_resolved(entry)
        named = schema.quarantine.c.fingerprint.in_([entry.fingerprint for entry in waiting])
        return _drop(connection, [named], because, now)


def drop_all(database: Database, which: Which, because: str, now: datetime) -> int:
    """Give all waiting entries of a choice up, as `drop` does."""
    with database.writing() as connection:
        return _drop(connection, quarantine.conditions(which), because, now)


def _drop(
    connection: Connection, conditions: Iterable[ColumnElement[bool]], because: str, now: datetime
) -> int:
    if not because.strip():
        raise WrongUseError("a reason is needed to drop an event: say why it will never count")
    values = _resolved(f"dropped: {because.strip()}", None, now)
    return connection.execute(update(schema.quarantine).where(*conditions).values(values)).rowcount


def _submit(
    connection: Connection, operators: Operators, mended: Mapping[Entry, bytes], door: Door
) -> list[Outcome]:
    gate = Gate(frozenset(operators), door.now, door.keep_recorded_time)
    admissions = {entry: gate.admit(raw) for entry, raw in mended.items()}
    may_enter = [one for one in admissions.values() if not isinstance(one, Rejected)]
    logged = _logged_before(connection, may_enter)
    write(connection, operators, prepare(may_enter, operators, door.now), "quarantine", door.now)
    outcomes = [_outcome(entry, admission, logged) for entry, admission in admissions.items()]
    for outcome in outcomes:
        _note(connection, outcome, door.now)
    return outcomes


def _logged_before(connection: Connection, admissions: Iterable[Admission]) -> set[EventKey]:
    table = schema.event_key
    keys = [(one.operator_id, one.event_id) for one in admissions if isinstance(one, Accepted)]
    if not keys:
        return set()
    columns = (table.c.operator_id, table.c.event_id)
    query = select(*columns).where(tuple_(*columns).in_(keys))
    return {(row.operator_id, row.event_id) for row in connection.execute(query)}


def _outcome(entry: Entry, admission: Admission, logged: set[EventKey]) -> Outcome:
    """Say what became of an entry, and note its event in `logged`."""
    if isinstance(admission, Rejected):
        return Outcome(entry.fingerprint, admission.event_id, Result.REFUSED, admission.reason)
    if isinstance(admission, Discarded):
        return Outcome(entry.fingerprint, admission.event_id, Result.DISCARDED, None)
    key = (admission.operator_id, admission.event_id)
    result = Result.DUPLICATE if key in logged else Result.ACCEPTED
    logged.add(key)
    return Outcome(entry.fingerprint, admission.event_id, result, None)


def _note(connection: Connection, outcome: Outcome, now: datetime) -> None:
    table = schema.quarantine
    if outcome.reason is None:
        values = _resolved(outcome.result.value, outcome.event_id, now)
    else:
        values = {"reason": outcome.reason, "kind": quarantine.kind_of(outcome.reason)}
    statement = update(table).where(table.c.fingerprint == outcome.fingerprint)
    connection.execute(statement.values(values | {"attempts": table.c.attempts + 1}))


def _resolved(resolution: str, event_id: str | None, now: datetime) -> dict[str, Any]:
    return {"resolved_at": now, "resolution": resolution, "resolved_event_id": event_id, "raw": b""}
