"""Which events tell somebody: Anna leaves the checkout, Bernd does not turn up, Carla is unhappy on the phone."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activity_log.database import Database
from activity_log.operators import find_operator
from tests.activity_log.outbox.telling import happen, outbox
from tests.activity_log.stories import Books, Event, OpenFresh

TODAY, YESTERDAY = "2026-06-01", "2026-05-31"
LAST_WEEK = "2026-05-25"


@pytest.fixture
def books() -> Books:
    return Books()


def leaves_checkout(books: Books, person: str | None, when: str = TODAY) -> Event:
    data = {"session_id": f"s-{person}", "tour_id": "nordsee-26", "step": "seats"}
    return books.event("CheckoutAbandoned", when, data | ({"person_profile_id": person} if person else {}))


def talks(books: Books, person: str, **rating: Any) -> Event:
    data = {"conversation_id": "c1", "contact_id": "k1", "channel": "phone", "person_profile_id": person}
    return books.event("ConversationResolved", TODAY, data | rating)


def consents(books: Books, person: str, when: str, *, granted: bool, purpose: str = "marketing") -> Event:
    data = {"person_profile_id": person, "purpose": purpose}
    return books.event("ConsentGranted" if granted else "ConsentRevoked", when, data)


def allowed(database: Database) -> list[bool]:
    return [event["data"]["contact_allowed"] for event in outbox(database)]


def test_a_known_person_who_leaves_the_checkout_is_an_occasion(database: Database, books: Books):
    left = leaves_checkout(books, "anna")
    happen(database, books.knows("anna", "Anna", "Müller", marketing_consent=True), left)
    (event,) = outbox(database)
    assert event["type"] == "EngagementTrigger"
    assert event["data"] == {
        "customer_id": find_operator(database, "reisen").pseudonym("anna"),
        "person_profile_id": "anna",
        "as_of": "2026-06-01T12:00:00Z",
        "occasion": "abandoned_checkout",
        "contact_allowed": True,
        "reason": {
            "kind": "abandoned_checkout",
            "evidence": {
                "occurred_at": "2026-06-01T09:00:00+00:00",
                "tour_id": "nordsee-26",
                "step": "seats",
            },
            "event_ids": [left["id"]],
            "text": None,
        },
        "model": None,
    }


def test_a_visitor_nobody_knows_is_none(database: Database, books: Books):
    happen(database, leaves_checkout(books, None))
    assert outbox(database) == []


def test_who_is_not_known_yet_waits_for_the_profile(database: Database, books: Books):
    happen(database, leaves_checkout(books, "anna"), leaves_checkout(books, "anna", LAST_WEEK))
    assert outbox(database) == []
    happen(database, books.knows("anna", "Anna", "Müller", TODAY))
    (event,) = outbox(database)
    happen(database, books.knows("anna", "Anna", "Meier", "2026-06-02"))
    assert outbox(database) == [event]


def test_an_old_profile_that_comes_late_is_what_was_waited_for(database: Database, books: Books):
    happen(database, leaves_checkout(books, "anna"))
    happen(database, books.knows("anna", "Anna", "Müller", LAST_WEEK))
    assert len(outbox(database)) == 1


def test_history_tells_nobody(database: Database, books: Books):
    happen(database, books.knows("anna", "Anna", "Müller", TODAY), leaves_checkout(books, "anna", LAST_WEEK))
    assert outbox(database) == []


def test_events_that_come_twice_tell_once(database: Database, books: Books):
    story = [books.knows("anna", "Anna", "Müller", TODAY), leaves_checkout(books, "anna")]
    happen(database, *story)
    happen(database, *story)
    assert len(outbox(database)) == 1


@pytest.mark.parametrize(
    ("rating", "unhappy"),
    [
        ({"nps": 6}, True),
        ({"nps": 7}, False),
        ({"satisfaction": 2}, True),
        ({"satisfaction": 3}, False),
        ({"satisfaction": 5, "nps": 0}, True),
        ({}, False),
    ],
)
def test_low_grades_are_an_occasion(database: Database, books: Books, rating: dict[str, int], unhappy: bool):
    happen(database, books.knows("carla", "Carla", "Öztürk"), talks(books, "carla", **rating))
    assert [event["data"]["occasion"] for event in outbox(database)] == ["unhappy"] * unhappy


def test_no_shows_and_cancellations_are_occasions_without_the_reason_people_gave(
    database: Database, books: Books
):
    away = books.event("BookingNoShow", YESTERDAY, {"booking_id": "b1", "person_profile_id": "bernd"})
    ill = {"booking_id": "b2", "booker_profile_id": "anna", "refund_amount": "0.00", "reason": "Hüfte"}
    happen(
        database,
        books.knows("anna", "Anna", "Müller"),
        books.knows("bernd", "Bernd", "Annaberg"),
        away,
        books.event("BookingCancelled", TODAY, ill),
    )
    told = outbox(database)
    assert [(event["data"]["person_profile_id"], event["data"]["occasion"]) for event in told] == [
        ("bernd", "no_show"),
        ("anna", "cancelled_booking"),
    ]
    assert "Hüfte" not in str(told)
    assert "Müller" not in str(told)


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ([], False),
        ([("2026-01-01", True)], True),
        ([("2026-01-01", True), ("2026-02-01", False)], False),
        ([("2026-02-01", False), ("2026-01-01", True)], False),
        ([("2019-01-01", True)], False),
    ],
)
def test_the_latest_word_on_marketing_decides_whether_to_write(
    database: Database, books: Books, said: list[tuple[str, bool]], may: bool
):
    words = [consents(books, "anna", when, granted=granted) for when, granted in said]
    happen(database, books.knows("anna", "Anna", "Müller"), *words, leaves_checkout(books, "anna"))
    assert allowed(database) == [may]


def test_a_word_on_another_purpose_does_not_count(database: Database, books: Books):
    other = consents(books, "anna", "2026-01-01", granted=True, purpose="newsletter")
    happen(database, books.knows("anna", "Anna", "Müller"), other, leaves_checkout(books, "anna"))
    assert allowed(database) == [False]


def test_another_operator_learns_nothing(database: Database, books: Books):
    rival = Books("konkurrenz")
    happen(database, rival.knows("anna", "Anna", "Müller"), leaves_checkout(books, "anna"))
    assert outbox(database) == []


def test_people_who_were_merged_are_told_of_as_the_one_they_are(database: Database, books: Books):
    happen(
        database,
        books.knows("carla", "Carla", "Öztürk", marketing_consent=True),
        books.knows("carla2", "Karla", "Oeztuerk", "2019-03-01"),
        books.merges("carla", "carla2", YESTERDAY),
        leaves_checkout(books, "carla2"),
    )
    (event,) = outbox(database)
    assert event["subject"] == find_operator(database, "reisen").pseudonym("carla")
    assert event["data"]["person_profile_id"] == "carla"
    assert event["data"]["contact_allowed"] is True


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), cuts=st.sets(st.integers(1, 7)))
def test_whatever_the_order_of_arrival_the_same_messages_are_written(
    open_fresh: OpenFresh, order: list[int], cuts: set[int]
):
    books = Books()
    story = [
        books.knows("anna", "Anna", "Müller"),
        books.knows("anna", "Anna", "Meier", TODAY),
        leaves_checkout(books, "anna"),
        leaves_checkout(books, "anna", YESTERDAY),
        leaves_checkout(books, "anna"),
        books.knows("carla", "Carla", "Öztürk", YESTERDAY),
        talks(books, "carla", nps=3),
        leaves_checkout(books, "nobody"),
    ]
    database = open_fresh()
    shuffled = [story[place] for place in order]
    for start, end in pairwise([0, *sorted(cuts), len(shuffled)]):
        happen(database, *shuffled[start:end])
    told = outbox(database)
    assert sorted((event["data"]["person_profile_id"], event["data"]["occasion"]) for event in told) == [
        ("anna", "abandoned_checkout"),
        ("anna", "abandoned_checkout"),
        ("carla", "unhappy"),
    ]
