"""What was refused at the gate: put aside with its reason and its bytes, and found again.

The bytes may hold names, so they are sealed at rest, and destroyed once the entry is resolved.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, case

from activity_log import schema
from activity_log.gate import Rejected
from activity_log.upserting import insert_for

LONGEST_KIND = 120


def put_aside(connection: Connection, rejected: Sequence[Rejected], now: datetime) -> None:
    """Keep what was refused, in the caller's transaction. Bytes that came before are counted, not doubled.

    A delivery of bytes whose entry is resolved changes nothing but that count: what was decided stays decided.
    """
    latest = {fingerprint_of(rejection.raw): rejection for rejection in rejected}
    if not latest:
        return
    deliveries = Counter(fingerprint_of(rejection.raw) for rejection in rejected)
    table = schema.quarantine
    statement = insert_for(connection, table)
    new, open_still = statement.excluded, table.c.resolved_at.is_(None)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.fingerprint],
            set_={
                "deliveries": table.c.deliveries + new.deliveries,
                "reason": case((open_still, new.reason), else_=table.c.reason),
                "kind": case((open_still, new.kind), else_=table.c.kind),
            },
        ),
        [
            {
                "fingerprint": fingerprint,
                "operator_id": rejection.operator_id,
                "event_id": rejection.event_id,
                "reason": rejection.reason,
                "kind": kind_of(rejection.reason),
                "raw": rejection.raw,
                "received_at": now,
                "deliveries": deliveries[fingerprint],
                "attempts": 0,
            }
            for fingerprint, rejection in sorted(
                latest.items()
            )  # in one order, so that writers never deadlock
        ],
    )


def fingerprint_of(raw: bytes) -> str:
    """Return the name of an entry: the same bytes have the same one."""
    return hashlib.sha256(raw).hexdigest()


def kind_of(reason: str) -> str:
    """Return what reasons of one sort have in common: the first problem, without what is particular to an event."""
    first = reason.split("; ")[0].split(" (got ")[0]
    without_places = re.sub(r"\.\d+(?=[.:])", ".*", first)
    return re.sub(r"'[^']*'", "…", without_places)[:LONGEST_KIND]
