"""Refreshes of two segments at three moments, among people who come and go: the same whenever it is told."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from activity_log.database import Database
from activity_log.reading import all_customers
from activity_log.segments.definitions import Draft, define
from activity_log.segments.membership import Found, OldMomentError, write_refresh

OPERATOR = "reisen"
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in (2, 3, 4)]
SEGMENTS = ("early", "late")


def told(database: Database, now: datetime) -> Iterator[Found]:
    """What each refresh finds: about half of the people, others each time."""
    with database.writing() as connection:
        people = all_customers(connection, OPERATOR)
        segments = [define(connection, OPERATOR, Draft(one, "rule", one, one, one), now) for one in SEGMENTS]
    for month in MONTHS:
        for segment in segments:
            yield Found(segment, month, [who for who in people if _is_in(who, segment.segment_id, month)])


def refresh_all(database: Database, now: datetime, tell: Callable[[int], object] = lambda _: None) -> None:
    """Go through the story; what was refreshed as of later already is left as it is."""
    for found in told(database, now):
        try:
            with database.writing() as connection:
                write_refresh(connection, found, now)
        except OldMomentError:
            continue
        tell(0)


def _is_in(who: str, segment_id: str, month: datetime) -> bool:
    return hashlib.blake2b(f"{who} {segment_id} {month}".encode()).digest()[0] % 2 == 0
