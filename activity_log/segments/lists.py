"""Static lists: segments of customers whom somebody has named."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from activity_log import schema
from activity_log.bulk import batches
from activity_log.merging import survivors
from activity_log.operators import Operator
from activity_log.reading import existing_customers
from activity_log.segments import tables
from activity_log.segments.definitions import Draft, Segment, define, key_of

_IDS_PER_QUERY = 500


@dataclass(frozen=True)
class Named:
    """What ids stand for. customers: those that exist, in the order of their ids; unknown: ids that nobody has."""

    customers: tuple[str, ...]
    unknown: tuple[str, ...]


def customers_named(connection: Connection, operator: Operator, ids: Iterable[str]) -> Named:
    """Tell customers from ids nobody has. An id is a customer_id or the Backoffice's person_profile_id."""
    asked = list(dict.fromkeys(one.strip() for one in ids if one.strip()))
    known = existing_customers(connection, operator.operator_id, asked)
    pseudonyms = {one: operator.pseudonym(one) for one in asked if one not in known}
    by_profile = existing_customers(connection, operator.operator_id, list(pseudonyms.values()))
    unknown = tuple(one for one, pseudonym in pseudonyms.items() if pseudonym not in by_profile)
    return Named(tuple(sorted(known | by_profile)), unknown)


def define_list(
    connection: Connection,
    operator_id: str,
    segment_id: str,
    names: tuple[str, str],
    customers: Collection[str],
    now: datetime,
) -> Segment:
    """Put a list of customers in force, in place of the one before. Wants a writing transaction.

    names: German, English. Raises WrongUseError as `define` does.
    """
    ids = sorted(set(customers))
    fingerprint = hashlib.blake2b("\n".join(ids).encode(), digest_size=8).hexdigest()
    told = f"{len(ids)} customers, {fingerprint}"
    segment = define(connection, operator_id, Draft(segment_id, "list", *names, told), now)
    connection.execute(
        delete(tables.segment_list).where(*key_of(tables.segment_list, operator_id, segment_id))
    )
    if ids:
        rows = [{"operator_id": operator_id, "segment_id": segment_id, "customer_id": one} for one in ids]
        connection.execute(insert(tables.segment_list), rows)
    return segment


def listed(connection: Connection, operator_id: str, segment_id: str) -> set[str]:
    """Return the customers of a list as whom they count now."""
    table = tables.segment_list
    query = select(table.c.customer_id).where(*key_of(table, operator_id, segment_id))
    survivor_of = survivors(connection, operator_id)
    return {survivor_of.get(one, one) for one in connection.execute(query).scalars()}


def profile_ids(connection: Connection, operator_id: str, customer_ids: Collection[str]) -> dict[str, str]:
    """Return the person_profile_id of those of `customer_ids` who have a profile."""
    table = schema.person_profile
    query = select(table.c.customer_id, table.c.person_profile_id).where(table.c.operator_id == operator_id)
    found: dict[str, str] = {}
    for some in batches(customer_ids, _IDS_PER_QUERY):
        rows = connection.execute(query.where(table.c.customer_id.in_(some)))
        found.update((row.customer_id, row.person_profile_id) for row in rows)
    return found
