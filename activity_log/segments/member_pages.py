"""Who is in a segment, page by page: a segment may have hundreds of thousands of members."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from activity_log.merging import merged_away
from activity_log.segments import tables
from activity_log.segments.definitions import get, key_of

_TABLE = tables.segment_membership


class Member(NamedTuple):
    """Somebody in a segment, and since when."""

    customer_id: str
    since: datetime


def members_after(
    connection: Connection, operator_id: str, segment_id: str, after: str | None, limit: int
) -> Sequence[Member]:
    """Return the next members by their ids, without those merged into somebody else since the last refresh.

    after: the last id of the page before; null: from the start. Raises UnknownSegmentError.
    """
    get(connection, operator_id, segment_id)
    away = merged_away(connection, operator_id)
    query = select(_TABLE.c.customer_id, _TABLE.c.valid_from).where(
        *key_of(_TABLE, operator_id, segment_id), tables.IS_OPEN
    )
    if after is not None:
        query = query.where(_TABLE.c.customer_id > after)
    rows = connection.execute(query.order_by(_TABLE.c.customer_id).limit(limit + len(away)))
    return [Member(*row) for row in rows if row.customer_id not in away][:limit]
