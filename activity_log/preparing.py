"""Everything about a batch of events that needs no database: judged at the gate, made ready to write, folded.

It is what costs the most, and may run in other processes: a `Prepared` can be sent from one to another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from activity_log.contracts.backoffice import PersonErasureRequested
from activity_log.folding import Sheet, fold
from activity_log.gate import Accepted, Admission, Discarded, Rejected
from activity_log.ledger import Line, LoggedEvent, Private
from activity_log.operators import Operator
from activity_log.outbox import noticed
from activity_log.person_keys import Person
from activity_log.read_models import PROJECTIONS


class Erasure(NamedTuple):
    """A person who is to be forgotten up to a moment (microseconds)."""

    person: Person
    until_us: int


@dataclass(frozen=True)
class Prepared:
    """A batch ready to write. All speak of a line by its place among `lines`.

    noticed: the events that may be an occasion to tell somebody (see `outbox`). erasures: who is to be forgotten.
    """

    lines: list[Line]
    privates: list[Private]
    sheets: list[Sheet]
    noticed: list[LoggedEvent]
    erasures: list[Erasure]
    discarded: list[Discarded]
    rejected: list[Rejected]


def prepare(admissions: Sequence[Admission], operators: Mapping[str, Operator], now: datetime) -> Prepared:
    """Make what the gate said ready to write."""
    accepted = [admission for admission in admissions if isinstance(admission, Accepted)]
    lines = [admission[:8] for admission in accepted]
    privates = [
        Private(place, admission.owner, admission.private)
        for place, admission in enumerate(accepted)
        if admission.owner is not None and admission.private is not None
    ]
    events = _as_logged(accepted)
    return Prepared(
        lines,
        privates,
        fold(PROJECTIONS, operators, events),
        noticed(events, now),
        [
            Erasure((event.operator_id, event.payload.person_profile_id), event.occurred_us)
            for event in events
            if isinstance(event.payload, PersonErasureRequested)
        ],
        [admission for admission in admissions if isinstance(admission, Discarded)],
        [admission for admission in admissions if isinstance(admission, Rejected)],
    )


def joined(batches: Sequence[Prepared]) -> Prepared:
    """Bring batches together into one, in their order."""
    together = Prepared([], [], [Sheet([], []) for _ in batches[0].sheets], [], [], [], [])
    for batch in batches:
        start = len(together.lines)
        together.lines.extend(batch.lines)
        together.privates.extend(one._replace(place=start + one.place) for one in batch.privates)
        for whole, sheet in zip(together.sheets, batch.sheets, strict=True):
            whole.seqs.extend([start + seq for seq in sheet.seqs])
            whole.rows.extend(sheet.rows)
        together.noticed.extend(one._replace(seq=start + one.seq) for one in batch.noticed)
        together.erasures.extend(batch.erasures)
        together.discarded.extend(batch.discarded)
        together.rejected.extend(batch.rejected)
    return together


def _as_logged(accepted: Sequence[Accepted]) -> list[LoggedEvent]:
    """Return accepted events as the log will give them back, but for their place in it."""
    return [
        LoggedEvent(
            place,
            one.operator_id,
            one.event_id,
            one.event_type,
            one.occurred_us,
            one.recorded_us,
            one.payload,
        )
        for place, one in enumerate(accepted)
    ]
