"""What people said about a purpose: agreed or withdrawn, the latest word counts."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select, text

from activity_log import ledger, schema
from activity_log.bulk import batches
from activity_log.contracts.backoffice import ConsentGranted, ConsentRevoked
from activity_log.contracts.fields import Purpose
from activity_log.merging import survivors, survivors_among

_IDS_PER_QUERY = 500
_EVENTS_PER_QUERY = 2_000

Word = tuple[datetime, str, bool]
"""When somebody said whether they agree, in which event, and what."""


def objectors(
    connection: Connection, operator_id: str, purpose: Purpose, customer_ids: Collection[str] | None = None
) -> frozenset[str]:
    """Return whose latest word on a purpose is no, merged people by the words of all, under whom they count as.

    customer_ids: only these, who count as nobody else; None: everybody.
    """
    if customer_ids is None:
        asked, survivor_of = None, survivors(connection, operator_id)
    else:
        survivor_of = survivors_among(connection, operator_id, customer_ids)
        asked = {*customer_ids, *survivor_of}
    latest: dict[str, Word] = {}
    for customer_id, word in said(connection, operator_id, purpose, asked):
        who = survivor_of.get(customer_id, customer_id)
        latest[who] = max(latest.get(who, word), word)
    return frozenset(who for who, (*_, agreed) in latest.items() if not agreed)


def said(
    connection: Connection, operator_id: str, purpose: str, customer_ids: Collection[str] | None
) -> Iterator[tuple[str, Word]]:
    """Yield the words of consent events on a purpose, each with whose it is. customer_ids None: of everybody."""
    whose = dict(_consents(connection, operator_id, customer_ids))
    for seqs in batches(sorted(whose), _EVENTS_PER_QUERY):
        for event in ledger.read_some(connection, seqs):
            if isinstance(event.payload, ConsentGranted) and event.payload.purpose == purpose:
                agreed = not isinstance(event.payload, ConsentRevoked)
                yield whose[event.seq], (event.occurred_at, event.event_id, agreed)


def _consents(
    connection: Connection, operator_id: str, customer_ids: Collection[str] | None
) -> Iterator[tuple[int, str]]:
    """Yield seq and customer of consent events."""
    table = schema.touchpoint
    query: Select[Any] = select(table.c.seq, table.c.customer_id).where(
        table.c.operator_id == operator_id, schema.IS_CONSENT
    )
    if customer_ids is None:
        # left to itself SQLite walks all touchpoints along the primary key
        index = "INDEXED BY ix_touchpoint_consent" if connection.dialect.name == "sqlite" else ""
        everybody = text(
            f"SELECT seq, customer_id FROM touchpoint {index} WHERE operator_id = :it AND {schema.IS_CONSENT}"
        )
        yield from (tuple(row) for row in connection.execute(everybody, {"it": operator_id}))
        return
    for some in batches(customer_ids, _IDS_PER_QUERY):
        yield from (tuple(row) for row in connection.execute(query.where(table.c.customer_id.in_(some))))
