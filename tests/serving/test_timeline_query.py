"""Which part of a timeline a request asks for, and the pages it gets."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.datastructures import QueryParams

from activity_log.database import Database, open_database
from activity_log.errors import WrongUseError
from activity_log.operators import find_operator, register_operator
from activity_log.timeline import TimelineFilter
from activity_log.vault import Vault
from serving.profiles import BadCursorError, Profiles
from serving.timeline_query import timeline_filter
from tests.activity_log.stories import NOW, Books, send


def asked(query: str) -> TimelineFilter:
    read = QueryParams(query)
    return timeline_filter(read.getlist("type"), read.get("from"), read.get("until"))


def test_nothing_asked_is_everything():
    assert asked("") == asked("cursor=abc") == TimelineFilter()


def test_types_groups_and_times_are_read():
    only = asked("type=messages&type=BookingConfirmed&from=2025-01-01&until=2025-06-01T12:00:00%2B02:00")
    assert only == TimelineFilter(
        frozenset({"MessageDelivered", "MessageRead", "BookingConfirmed"}),
        datetime(2025, 1, 1, tzinfo=UTC),
        datetime(2025, 6, 1, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("type=holidays", "type 'holidays': use an event type or one of bookings"),
        ("type=", "type '': use an event type"),
        ("from=yesterday", "from 'yesterday': use a day like 2026-05-01"),
        ("until=0001-01-01T00:00:00%2B14:00", "until '0001-01-01T00:00:00"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(query: str, message: str):
    with pytest.raises(WrongUseError, match=f"^{message}"):
        asked(query)


@pytest.fixture
def anna(tmp_path: Path) -> Iterator[tuple[Profiles, str]]:
    """Anna books a hundred and twenty trips, and gets as many letters in between."""
    with closing(open_database(f"sqlite:///{tmp_path / 'log.db'}", Vault(bytes(32)))) as database:
        operator = register_operator(database, "reisen", now=NOW)
        _tell(database)
        offers = SimpleNamespace(programme=SimpleNamespace(tours={}))
        known = find_operator(database, "reisen")
        yield Profiles(database, known, None, None, offers), operator.pseudonym("anna")  # type: ignore[arg-type]


def _tell(database: Database) -> None:
    books = Books()
    days = [f"202{5 + n // 60}-0{1 + n // 28 % 4}-{1 + n % 28:02}" for n in range(120)]
    send(database, books.knows("anna", "Anna", "Müller"))
    send(database, *(books.books("anna", f"tour-{n}", day) for n, day in enumerate(days)))
    send(database, *(books.writes(f"c{n}", day, "anna") | {"id": f"m{n}"} for n, day in enumerate(days)))


def test_the_pages_of_a_filtered_timeline_are_full_and_without_gap(anna: tuple[Profiles, str]):
    profiles, customer_id = anna
    pages, cursor = [], None
    while cursor is not None or not pages:
        page = profiles.timeline(customer_id, "de", cursor, asked("type=bookings"))
        pages.append(page.entries)
        cursor = page.next_cursor
    assert [len(page) for page in pages] == [50, 50, 20]
    entries = [entry for page in pages for entry in page]
    assert {entry.type for entry in entries} == {"BookingConfirmed"}
    assert len({entry.event_id for entry in entries}) == 120
    assert [entry.occurred_at for entry in entries] == sorted((e.occurred_at for e in entries), reverse=True)


def test_a_place_beyond_any_log_is_no_cursor(anna: tuple[Profiles, str]):
    profiles, customer_id = anna
    with pytest.raises(BadCursorError):
        profiles.timeline(customer_id, "de", "MS45OTk5OTk5OTk5OTk5OTk5OTk5OTk5")  # 1.99999999999999999999999
