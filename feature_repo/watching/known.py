"""What was known of one customer at a moment, and from which events. Everything by pseudonym."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.bulk import batches
from activity_log.errors import BusflowError, UnknownCustomerError
from activity_log.facts.of_customers import facts_of
from activity_log.operators import Operator
from feature_repo.definitions import Feature
from feature_repo.groups import GROUPS
from feature_repo.recomputing import Recomputing
from feature_repo.sources import identities_of

_IDS_PER_QUERY = 500


class NotKnownThenError(BusflowError):
    """The customer did not exist at the moment, or counted as somebody else; the text says who, or since when."""


@dataclass(frozen=True)
class KnownFeature:
    """A feature's value. None: missing, for which the feature says why."""

    group: str
    feature: Feature
    value: Any


@dataclass(frozen=True)
class KnownEvent:
    """An event that tells of the customer. counted: it had happened and was known."""

    event_id: str
    type: str
    occurred_at: datetime
    recorded_at: datetime
    counted: bool


@dataclass(frozen=True)
class Known:
    """events: those that had happened, in the order they did; some were not known yet."""

    customer_id: str
    as_of: datetime
    features: tuple[KnownFeature, ...]
    events: tuple[KnownEvent, ...]


def known_of(connection: Connection, operator: Operator, customer_id: str, as_of: datetime) -> Known:
    """Return what was known of a customer before `as_of`, computed anew from the log.

    Raises UnknownCustomerError if nobody ever had this id, NotKnownThenError if nobody had it then.
    """
    facts = facts_of(connection, operator, [customer_id])
    rows = Recomputing().features(facts, [customer_id], as_of)
    if not any(len(table) for table in rows.values()):
        raise _nobody(facts, operator, customer_id, as_of)
    features = tuple(
        KnownFeature(group.name, feature, rows[group.name][feature.name][0].as_py())
        for group in GROUPS
        for feature in group.features
    )
    clocks = _clocks(facts, _members(facts, operator, customer_id, as_of))
    happened = {event: clock for event, clock in clocks.items() if clock[0] < as_of}
    types = _types(connection, operator.operator_id, happened)
    events = (
        KnownEvent(event, types[event], occurred_at, recorded_at, counted=recorded_at < as_of)
        for event, (occurred_at, recorded_at) in happened.items()
    )
    ordered = sorted(events, key=lambda one: (one.occurred_at, one.event_id))
    return Known(customer_id, as_of, features, tuple(ordered))


def _members(
    facts: Mapping[str, pa.Table], operator: Operator, customer_id: str, as_of: datetime
) -> set[str]:
    """Return the customer and all who counted as the customer at the moment."""
    identities = identities_of(operator.operator_id, facts["merges"]).to_pylist()
    return {customer_id} | {
        one["customer_id"]
        for one in identities
        if one["canonical_id"] == customer_id and one["valid_from"] < as_of <= one["valid_to"]
    }


def _clocks(facts: Mapping[str, pa.Table], members: Collection[str]) -> dict[str, tuple[datetime, datetime]]:
    """Return occurred_at and recorded_at of all events that tell of these people, their bookings or tours."""
    bookings = _named(facts, members, "booking_id")
    tours = _named(facts, members, "tour_id")
    return {
        row["event_id"]: (row["occurred_at"], row["recorded_at"])
        for row in _rows(facts)
        if row["customer_id"] in members
        or row.get("merged_customer_id") in members
        or row.get("booking_id") in bookings
        or (row["customer_id"] is None and row.get("tour_id") in tours)
    }


def _named(facts: Mapping[str, pa.Table], members: Collection[str], column: str) -> set[str]:
    return {row[column] for row in _rows(facts) if column in row and row["customer_id"] in members}


def _rows(facts: Mapping[str, pa.Table]) -> Iterator[dict[str, Any]]:
    for table in facts.values():
        yield from table.to_pylist()


def _types(connection: Connection, operator_id: str, event_ids: Collection[str]) -> dict[str, str]:
    """Return the types of events as they were sent."""
    key, event = schema.event_key, schema.event
    query = select(key.c.event_id, event.c.type).join(event, event.c.seq == key.c.seq)
    query = query.where(key.c.operator_id == operator_id)
    return {
        event_id: event_type
        for some in batches(event_ids, _IDS_PER_QUERY)
        for event_id, event_type in connection.execute(query.where(key.c.event_id.in_(some)))
    }


def _nobody(
    facts: Mapping[str, pa.Table], operator: Operator, customer_id: str, as_of: datetime
) -> BusflowError:
    profiles = [row for row in facts["profiles"].to_pylist() if row["customer_id"] == customer_id]
    if not profiles:
        return UnknownCustomerError([customer_id])
    identities = identities_of(operator.operator_id, facts["merges"]).to_pylist()
    for one in identities:
        if one["customer_id"] == customer_id and one["valid_from"] < as_of <= one["valid_to"]:
            return NotKnownThenError(
                f"customer '{customer_id}' counts as '{one['canonical_id']}' since {one['valid_from']:%Y-%m-%d}: "
                "ask for that one, or for an earlier --as-of"
            )
    first = min(max(row["occurred_at"], row["recorded_at"]) for row in profiles)
    return NotKnownThenError(
        f"customer '{customer_id}' was not known before {as_of:%Y-%m-%d %H:%M}: "
        f"the first profile is of {first:%Y-%m-%d %H:%M}"
    )
