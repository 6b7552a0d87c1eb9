"""Who counts as the same person now: all merges and unmerges of an operator, folded by `facts.identities`."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from activity_log import schema
from activity_log.bulk import batches
from activity_log.facts.identities import END_OF_TIME, IdentityLink, identities

_IDS_PER_QUERY = 500


class OnePerson(NamedTuple):
    """Customers who count as one. `survivor`: the id they count as; `members`: all their ids."""

    survivor: str
    members: frozenset[str]


def one_person(connection: Connection, operator_id: str, customer_id: str) -> OnePerson:
    """Return the person a customer is now, alone or with those it was merged with."""
    survivor_of = survivors_among(connection, operator_id, [customer_id])
    survivor = survivor_of.get(customer_id, customer_id)
    members = {one for one, counted_as in survivor_of.items() if counted_as == survivor}
    return OnePerson(survivor, frozenset({survivor, *members}))


def survivors(connection: Connection, operator_id: str) -> dict[str, str]:
    """Return whom each customer who was merged away counts as now."""
    return _survivors(_links(connection, operator_id))


def survivors_among(
    connection: Connection, operator_id: str, customer_ids: Collection[str]
) -> dict[str, str]:
    """Return whom these customers, and all who ever were one person with them, count as now if not themselves."""
    return _survivors(links_among(connection, operator_id, customer_ids))


def links_among(
    connection: Connection, operator_id: str, customer_ids: Collection[str]
) -> list[IdentityLink]:
    """Return the merges and unmerges of these customers, and of all who ever were one person with them."""
    asked, links = set[str](), dict[str, IdentityLink]()
    asking = set(customer_ids)
    while asking:
        asked |= asking
        for some in batches(asking, _IDS_PER_QUERY):
            links.update((link.event_id, link) for link in _links(connection, operator_id, of=some))
        asking = {one for link in links.values() for one in (link.surviving, link.merged)} - asked
    return list(links.values())


def merged_away(connection: Connection, operator_id: str) -> frozenset[str]:
    """Return all customers who count as somebody else now."""
    return frozenset(survivors(connection, operator_id))


def _links(
    connection: Connection, operator_id: str, of: Sequence[str] | None = None
) -> Iterator[IdentityLink]:
    table = schema.identity_link
    query = select(
        table.c.kind,
        table.c.surviving_customer_id,
        table.c.merged_customer_id,
        table.c.occurred_at,
        table.c.effective_at,
        table.c.event_id,
    ).where(table.c.operator_id == operator_id)
    if of is not None:
        query = query.where(or_(table.c.surviving_customer_id.in_(of), table.c.merged_customer_id.in_(of)))
    return (IdentityLink(*row) for row in connection.execute(query))


def _survivors(links: Iterable[IdentityLink]) -> dict[str, str]:
    return {one.customer_id: one.canonical_id for one in identities(links) if one.valid_to == END_OF_TIME}
