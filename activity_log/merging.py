"""Who counts as the same person: the fold over all merges of an operator.

Merges are folded in the order in which they took effect: the one merged, and all who counted as that one,
count as the survivor from then on. A merge of two who are one already changes nothing, so circles end.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from activity_log import schema


class Merge(NamedTuple):
    """Two customers became one."""

    surviving_customer_id: str
    merged_customer_id: str


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
        members.update(id_ for merge in merges for id_ in merge)
    return OnePerson(_survivor(_fold(merges), customer_id), frozenset(members))


def merged_away(connection: Connection, operator_id: str) -> frozenset[str]:
    """Return all customers who count as somebody else now."""
    return frozenset(_fold(_merges(connection, operator_id)))


def _merges(connection: Connection, operator_id: str, of: Collection[str] | None = None) -> list[Merge]:
    table = schema.merge
    query = select(table.c.surviving_customer_id, table.c.merged_customer_id)
    query = query.where(table.c.operator_id == operator_id)
    if of is not None:
        query = query.where(or_(table.c.surviving_customer_id.in_(of), table.c.merged_customer_id.in_(of)))
    query = query.order_by(table.c.effective_at, table.c.event_id)
    return [Merge(*row) for row in connection.execute(query)]


def _fold(merges: Iterable[Merge]) -> dict[str, str]:
    """Return whom each customer that was merged away was merged into."""
    into: dict[str, str] = {}
    for merge in merges:
        kept = _survivor(into, merge.surviving_customer_id)
        gone = _survivor(into, merge.merged_customer_id)
        if kept != gone:
            into[gone] = kept
    return into


def _survivor(into: dict[str, str], customer_id: str) -> str:
    while customer_id in into:
        customer_id = into[customer_id]
    return customer_id
