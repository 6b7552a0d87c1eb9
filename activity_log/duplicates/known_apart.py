"""Who was said to be two people: pairs that are not offered as possible duplicates again."""

from sqlalchemy import Connection, select

from activity_log import merging, schema
from activity_log.facts.identities import UNMERGED


def known_apart(connection: Connection, operator_id: str) -> frozenset[frozenset[str]]:
    """Return the pairs of customers that an unmerge parted, as whom they count now; not who was merged again."""
    table = schema.identity_link
    parted = select(table.c.surviving_customer_id, table.c.merged_customer_id).where(
        table.c.operator_id == operator_id, table.c.kind == UNMERGED
    )
    survivor = merging.survivors(connection, operator_id)
    pairs = (frozenset(survivor.get(one, one) for one in pair) for pair in connection.execute(parted))
    return frozenset(pair for pair in pairs if len(pair) > 1)
