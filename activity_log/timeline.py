"""What happened to a customer, newest first, page by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, literal, select, tuple_

from activity_log import ledger, schema
from activity_log.contracts.types import TYPES
from activity_log.errors import WrongUseError
from activity_log.ledger import LoggedEvent
from activity_log.merging import one_person
from activity_log.read_models.event_groups import EVENT_GROUPS

PAGE = 50


class TimelineRow(NamedTuple):
    """An event that touched the customer, and as what (`booker`, `traveller`, `payer`, `person`)."""

    event: LoggedEvent
    role: str


@dataclass(frozen=True)
class TimelineFilter:
    """Which events: types (None: all; empty: none), and when they happened (`since` inclusive, `until` exclusive)."""

    types: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = TimelineFilter()


def types_named(names: Iterable[str]) -> frozenset[str] | None:
    """Return the event types that names of types and of groups (see `EVENT_GROUPS`) mean together; None for no name.

    Raises WrongUseError for a name that is neither.
    """
    types: set[str] = set()
    named = list(names)
    for name in named:
        if name not in TYPES and name not in EVENT_GROUPS:
            raise WrongUseError(
                f"type '{name[:80]}': use an event type or one of {', '.join(sorted(EVENT_GROUPS))}"
            )
        types |= EVENT_GROUPS.get(name, {name})
    return frozenset(types) if named else None


def timeline(
    connection: Connection,
    operator_id: str,
    customer_id: str,
    before: tuple[datetime, int] | None = None,
    limit: int = PAGE,
    only: TimelineFilter = EVERYTHING,
) -> list[TimelineRow]:
    """Return what happened to the customer and to all who count as the same person, newest first.

    before: (occurred_at, seq) of the last row of the previous page, exclusive; what is logged between two pages
    neither repeats nor hides an event. An event that touches the person in several roles comes once, as booker
    where they booked.
    """
    roles: dict[tuple[datetime, int], str] = {}
    for one in one_person(connection, operator_id, customer_id).members:
        for moment, seq, role in _newest(connection, operator_id, one, before, limit, only):
            # of the roles "booker" comes first in the alphabet too
            roles[moment, seq] = min(role, roles.get((moment, seq), role))
    places = sorted(roles, reverse=True)[:limit]
    events = ledger.read_some(connection, [seq for _, seq in places])
    return [TimelineRow(event, roles[place]) for event, place in zip(events, places, strict=True)]


def _newest(
    connection: Connection,
    operator_id: str,
    customer_id: str,
    before: tuple[datetime, int] | None,
    limit: int,
    only: TimelineFilter,
) -> Iterable[tuple[datetime, int, str]]:
    """Yield a customer's newest touchpoints: one walk back along the primary key."""
    table = schema.touchpoint
    wanted: list[ColumnElement[bool]] = [
        table.c.operator_id == operator_id,
        table.c.customer_id == customer_id,
        *_conditions(only),
    ]
    if before is not None:
        place = tuple_(literal(before[0], schema.UtcMoment), literal(before[1], table.c.seq.type))
        wanted.append(tuple_(table.c.occurred_at, table.c.seq) < place)
    query = select(table.c.occurred_at, table.c.seq, table.c.role).where(*wanted)
    newest_first = query.order_by(table.c.occurred_at.desc(), table.c.seq.desc())
    return ((row.occurred_at, row.seq, row.role) for row in connection.execute(newest_first.limit(limit)))


def _conditions(only: TimelineFilter) -> list[ColumnElement[bool]]:
    table = schema.touchpoint
    conditions: list[ColumnElement[bool]] = []
    if only.types is not None:
        conditions.append(table.c.type.in_(sorted(only.types)))
    if only.since is not None:
        conditions.append(table.c.occurred_at >= only.since)
    if only.until is not None:
        conditions.append(table.c.occurred_at < only.until)
    return conditions
