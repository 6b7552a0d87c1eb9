"""Who counts as the same person now: all merges of an operator, folded by `facts.identities`."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from activity_log import schema
from activity_log.facts.identities import END_OF_TIME, Merge, identities


class OnePerson(NamedTuple):
    """Customers who count as one. `survivor`: the id they count as; `members`: all their ids."""

    survivor: str
    members: frozenset[str]


def one_person(connection: Connection, operator_id: str, customer_id: str) -> OnePerson:
    """Return the person a customer is now, alone or with those it was merged with."""
    members, asked = {customer_id}, set[str]()
    merges: list[Merge] = []
    while members - asked:
        asked = set(members)
        merges = _merges(connection, operator_id, of=members)
        members.update(id_ for merge in merges for id_ in (merge.surviving, merge.merged))
    return OnePerson(_survivors(merges).get(customer_id, customer_id), frozenset(members))


def survivors(connection: Connection, operator_id: str) -> dict[str, str]:
    """Return whom each customer who was merged away counts as now."""
    return _survivors(_merges(connection, operator_id))


def merged_away(connection: Connection, operator_id: str) -> frozenset[str]:
    """Return all customers who count as somebody else now."""
    return frozenset(survivors(connection, operator_id))


def _merges(connection: Connection, operator_id: str, of: Collection[str] | None = None) -> list[Merge]:
    table = schema.merge
    query = select(table.c.surviving_customer_id, table.c.merged_customer_id, table.c.effective_at)
    query = query.where(table.c.operator_id == operator_id)
    if of is not None:
        query = query.where(or_(table.c.surviving_customer_id.in_(of), table.c.merged_customer_id.in_(of)))
    return [Merge(*row) for row in connection.execute(query)]


def _survivors(merges: Iterable[Merge]) -> dict[str, str]:
    return {one.customer_id: one.canonical_id for one in identities(merges) if one.valid_to == END_OF_TIME}
