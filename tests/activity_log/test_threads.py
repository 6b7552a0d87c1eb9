"""Talk with a customer, contact by contact."""

from datetime import UTC, datetime

import pytest

from activity_log.threads import Conversation, Thread, conversations_of, messages_of, threads_of
from tests.activity_log.logs import Log
from tests.activity_log.stories import Books, Event

BOOKS = Books()


def message(
    contact: str, number: int, day: int, type_: str = "MessageDelivered", person: str = "anna"
) -> Event:
    data = {
        "message_id": f"m{number}",
        "contact_id": contact,
        "channel": "letter",
        "person_profile_id": person,
    }
    return BOOKS.event(type_, f"2026-04-{day:02}", data)


def talk(number: int, day: int, **rated: int) -> Event:
    data = {
        "conversation_id": f"k{number}",
        "contact_id": "mobile",
        "channel": "phone",
        "person_profile_id": "anna",
    }
    return BOOKS.event("ConversationResolved", f"2026-04-{day:02}", data | rated, id_=f"k{number}-{day}")


def day(number: int) -> datetime:
    return datetime(2026, 4, number, 9, tzinfo=UTC)


@pytest.fixture
def talked(log: Log) -> str:
    """Anna has a mobile and a letter box; what was sent to anna2 became hers by a merge."""
    return log.told(
        [
            message("mobile", 1, 1),
            message("mobile", 1, 3, "MessageRead"),
            message("mobile", 2, 9, person="anna2"),
            message("letter box", 3, 5),
            talk(1, 10),
            talk(1, 11, satisfaction=5, nps=9),
            talk(2, 2, satisfaction=1),
            BOOKS.merges("anna", "anna2", "2026-04-20"),
        ]
    )


def test_threads_count_what_was_delivered_and_read(log: Log, talked: str):
    with log.database.reading() as connection:
        threads = threads_of(connection, talked, log.customer(talked, "anna"))
        assert threads_of(connection, talked, log.customer(talked, "stranger")) == []
    assert threads == [Thread("mobile", 2, 1, day(1), day(9)), Thread("letter box", 1, 0, day(5), day(5))]


def test_the_messages_of_a_thread_come_page_by_page(log: Log, talked: str):
    anna = log.customer(talked, "anna")
    with log.database.reading() as connection:
        page = messages_of(connection, talked, anna, "mobile", limit=3)
        last = page[-1].event
        rest = messages_of(connection, talked, anna, "mobile", (last.occurred_at, last.seq))
        assert messages_of(connection, talked, anna, "fax") == []
    told = [(row.event.event_type.name, row.event.occurred_at.day) for row in [*page, *rest]]
    assert told == [
        ("ConversationResolved", 11),
        ("ConversationResolved", 10),
        ("MessageDelivered", 9),
        ("MessageRead", 3),
        ("ConversationResolved", 2),
        ("MessageDelivered", 1),
    ]


def test_a_conversation_is_as_last_reported(log: Log, talked: str):
    with log.database.reading() as connection:
        conversations = conversations_of(connection, talked, log.customer(talked, "anna"))
    assert conversations == [
        Conversation("k1", "mobile", "phone", 5, 9, day(11)),
        Conversation("k2", "mobile", "phone", 1, None, day(2)),
    ]
