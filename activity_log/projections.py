"""Read models folded from the log. The same fold serves the append and the replay.

Every fold is independent of the order of arrival: where two events speak of one thing, the one that happened
later wins, and between equals the greater event id.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, tuple_
from sqlalchemy.dialects.sqlite import insert

from activity_log import ledger, schema
from activity_log.attribution import touches
from activity_log.contracts.backoffice import PersonProfilesMerged, PersonProfileUpdated
from activity_log.contracts.commerce import DepartureScheduled, TourPublished
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator
from activity_log.search_text import search_text

Row = dict[str, Any]
Operators = Mapping[str, Operator]


def project(connection: Connection, operators: Operators, events: Sequence[LoggedEvent]) -> None:
    """Fold events into all read models, in the caller's transaction."""
    _insert_once(connection, schema.touchpoint, _collect(_touchpoints, operators, events))
    _insert_once(connection, schema.merge, _collect(_merges, operators, events))
    for table, rows_of in _LATEST:
        _keep_latest(connection, table, _collect(rows_of, operators, events))


def replay(
    connection: Connection, operator: Operator, progress: Callable[[int], object] = lambda _: None
) -> int:
    """Drop an operator's read models and rebuild them from the log; return the number of events folded.

    progress is called with the place (seq) in the log that has been reached.
    """
    for table in schema.READ_MODELS:
        connection.execute(delete(table).where(table.c.operator_id == operator.operator_id))
    folded = 0
    for events in ledger.read(connection, operator.operator_id):
        project(connection, {operator.operator_id: operator}, events)
        folded += len(events)
        progress(events[-1].seq)
    return folded


RowsOf = Callable[[Operator, LoggedEvent], Iterable[Row]]


def _collect(rows_of: RowsOf, operators: Operators, events: Sequence[LoggedEvent]) -> list[Row]:
    return [row for event in events for row in rows_of(operators[event.operator_id], event)]


def _touchpoints(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    for person_profile_id, role in touches(event.payload):
        yield {
            "operator_id": event.operator_id,
            "customer_id": operator.pseudonym(person_profile_id),
            "occurred_at": event.occurred_at,
            "seq": event.seq,
            "role": role,
            "type": event.event_type.name,
        }


def _merges(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    if isinstance(event.payload, PersonProfilesMerged):
        yield {
            "operator_id": event.operator_id,
            "event_id": event.event_id,
            "surviving_customer_id": operator.pseudonym(event.payload.surviving_id),
            "merged_customer_id": operator.pseudonym(event.payload.merged_id),
            "effective_at": max(event.occurred_at, event.recorded_at),
        }


def _person_profiles(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    profile = event.payload
    if isinstance(profile, PersonProfileUpdated):
        columns = profile.model_dump(include=set(schema.person_profile.c.keys()))
        customer_id = operator.pseudonym(profile.person_profile_id)
        found_by = {"search_text": search_text(profile)}
        yield _stamped(event) | columns | found_by | {"customer_id": customer_id}


def _tours(_operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    tour = event.payload
    if isinstance(tour, TourPublished):
        columns = tour.model_dump(include=set(schema.tour.c.keys()))
        yield _stamped(event) | columns | {"name_de": tour.name.de, "name_en": tour.name.en}


def _departures(_operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    departure = event.payload
    if isinstance(departure, DepartureScheduled):
        columns = departure.model_dump(include=set(schema.departure.c.keys()))
        stops = json.dumps(list(departure.boarding_point_ids))
        yield _stamped(event) | columns | {"boarding_point_ids": stops}


_LATEST: tuple[tuple[Table, RowsOf], ...] = (
    (schema.person_profile, _person_profiles),
    (schema.tour, _tours),
    (schema.departure, _departures),
)


def _stamped(event: LoggedEvent) -> Row:
    return {
        "operator_id": event.operator_id,
        "occurred_at": event.occurred_at,
        "event_id": event.event_id,
    }


def _insert_once(connection: Connection, table: Table, rows: list[Row]) -> None:
    if rows:
        connection.execute(insert(table).on_conflict_do_nothing(), rows)


def _keep_latest(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Upsert rows by primary key, keeping the row of the later (occurred_at, event_id)."""
    if not rows:
        return
    statement = insert(table)
    new = statement.excluded
    keys = [column.name for column in table.primary_key]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=keys,
            set_={column.name: new[column.name] for column in table.c if column.name not in keys},
            where=tuple_(new.occurred_at, new.event_id) > tuple_(table.c.occurred_at, table.c.event_id),
        ),
        rows,
    )
