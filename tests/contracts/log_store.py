"""Small doings with a log store."""

import json
from typing import Any

from activity_log import ledger
from activity_log.ingestion import Receipt, ingest_events
from activity_log.ledger import LoggedEvent
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Books, Event

BOOKS = Books()
BOOKING = BOOKS.books("anna", "nordsee-26", "2026-05-02", "bernd")
PROFILE = BOOKS.knows("anna", "Anna", "Müller", email="anna@example.org")


def append(log: Log, operator_id: str, *events: Event) -> Receipt:
    raws = [json.dumps(event | {"operatorid": operator_id}).encode() for event in events]
    return ingest_events(log.database, raws, now=NOW, keep_recorded_time=True)


def stored(log: Log, operator_id: str, **how: Any) -> list[LoggedEvent]:
    """The operator's events, as `ledger.read` gives them."""
    with log.database.reading() as connection:
        return [event for chunk in ledger.read(connection, operator_id, **how) for event in chunk]
