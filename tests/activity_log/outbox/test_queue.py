"""Who holds what, in which order, and what becomes of it, on a clock that the test moves."""

import random
from datetime import datetime, timedelta

import pytest

from activity_log.database import Database
from activity_log.errors import WrongUseError
from activity_log.outbox import queue
from activity_log.outbox.backoff import BackOff
from activity_log.outbox.queue import Claimed
from tests.activity_log.outbox.telling import (
    MINUTE,
    SECOND,
    outbox,
    states,
    trigger,
    webhook,
    write_down,
)
from tests.activity_log.stories import NOW

LEASE = MINUTE
TWICE = BackOff(first=10 * SECOND, attempts=2)


@pytest.fixture
def hook(database: Database) -> str:
    return webhook(database, "https://example.org/").destination.destination_id


def claim(database: Database, hook: str, now: datetime = NOW, limit: int = 10) -> list[Claimed]:
    with database.writing() as connection:
        return queue.claim(connection, hook, now=now, lease=LEASE, limit=limit)


def fail(database: Database, claimed: Claimed, now: datetime, back_off: BackOff = TWICE) -> timedelta | None:
    with database.writing() as connection:
        return queue.failed(
            connection, claimed, "answered 503", now=now, back_off=back_off, chance=random.Random(7)
        )


def succeed(database: Database, claimed: Claimed, now: datetime = NOW) -> None:
    with database.writing() as connection:
        queue.delivered(connection, claimed, now)


def about(claimed: list[Claimed]) -> list[str]:
    return [one.customer_id for one in claimed]


def test_what_is_held_is_not_given_to_another(database: Database, hook: str):
    write_down(database, *(trigger(name, name) for name in ("anna", "bernd", "carla")))
    assert about(claim(database, hook, limit=2)) == ["c-anna", "c-bernd"]
    assert about(claim(database, hook)) == ["c-carla"]
    assert claim(database, hook) == []


def test_what_a_killed_deliverer_held_is_due_again_after_its_lease_with_the_same_bytes(
    database: Database, hook: str
):
    write_down(database, trigger("anna", "e1"))
    (lost,) = claim(database, hook)
    assert claim(database, hook, NOW + LEASE - SECOND) == []
    (again,) = claim(database, hook, NOW + LEASE)
    assert (again.message_id, again.body) == (lost.message_id, lost.body)
    assert (lost.attempt, again.attempt) == (1, 2)


def test_a_customer_is_told_in_order_while_others_go_on(database: Database, hook: str):
    write_down(database, trigger("anna", "e1"), trigger("anna", "e2"), trigger("bernd", "e3"))
    first, bernd = claim(database, hook)
    assert (first.customer_id, bernd.customer_id) == ("c-anna", "c-bernd")
    succeed(database, bernd)
    wait = fail(database, first, NOW)
    assert wait is not None
    assert claim(database, hook, NOW + wait - SECOND) == []
    with database.reading() as connection:
        assert queue.is_due(connection, hook, NOW + wait)
        assert not queue.is_due(connection, hook, NOW + wait - SECOND)
    (retried,) = claim(database, hook, NOW + wait)
    assert retried.message_id == first.message_id
    succeed(database, retried)
    (second,) = claim(database, hook, NOW + wait)
    assert second.position > first.position


def test_a_message_that_fails_too_often_is_dead_and_holds_nobody_up(database: Database, hook: str):
    write_down(database, trigger("anna", "e1"), trigger("anna", "e2"))
    (first,) = claim(database, hook)
    wait = fail(database, first, NOW)
    assert wait is not None
    (first,) = claim(database, hook, NOW + wait)
    assert fail(database, first, NOW + wait) is None
    assert states(database) == {hook: ["dead", "pending"]}
    assert len(claim(database, hook, NOW + wait)) == 1


def test_a_dead_letter_is_listed_with_its_problem_and_can_be_sent_again(database: Database, hook: str):
    write_down(database, trigger("anna", "e1"))
    (first,) = claim(database, hook)
    fail(database, first, NOW, BackOff(attempts=1))
    with database.writing() as connection:
        (letter,) = queue.listing(connection, dead_only=True)
        assert (letter.message_id, letter.problem, letter.attempts) == (first.message_id, "answered 503", 1)
        assert queue.listing(connection, operator_id="konkurrenz") == []
        assert queue.retry(connection, first.message_id, NOW) == 1
        assert queue.listing(connection, dead_only=True) == []
    (again,) = claim(database, hook)
    assert (again.message_id, again.attempt) == (first.message_id, 1)


def test_only_dead_letters_can_be_sent_again(database: Database, hook: str):
    write_down(database, trigger("anna", "e1"))
    (first,) = claim(database, hook)
    succeed(database, first)
    with database.writing() as connection:
        assert queue.retry(connection, None, NOW) == 0
        with pytest.raises(WrongUseError, match="no dead letter"):
            queue.retry(connection, first.message_id, NOW)


def test_who_was_late_to_report_a_failure_changes_nothing_but_a_success_counts(database: Database, hook: str):
    write_down(database, trigger("anna", "e1"))
    (slow,) = claim(database, hook)
    (other,) = claim(database, hook, NOW + LEASE)
    fail(database, slow, NOW + LEASE, BackOff(attempts=1))
    assert states(database) == {hook: ["pending"]}
    succeed(database, slow, NOW + LEASE)
    fail(database, other, NOW + LEASE, BackOff(attempts=1))
    assert states(database) == {hook: ["delivered"]}


def test_what_was_delivered_is_kept_for_a_while_and_what_was_not_for_good(database: Database, hook: str):
    names = ("anna", "bernd", "carla")
    write_down(database, *(trigger(name, name) for name in names))
    anna, bernd, _ = claim(database, hook)
    succeed(database, anna)
    fail(database, bernd, NOW, BackOff(attempts=1))
    with database.writing() as connection:
        assert queue.prune(connection, NOW) == 0
        assert queue.prune(connection, NOW + SECOND) == 1
    assert [event["subject"] for event in outbox(database)] == ["c-bernd", "c-carla"]
    assert states(database) == {hook: ["dead", "pending"]}


def test_what_waits_behind_a_failure_is_due_with_it(database: Database, hook: str):
    write_down(database, trigger("anna", "e1"), trigger("anna", "e2"), trigger("bernd", "e3"))
    first, _ = claim(database, hook)
    wait = fail(database, first, NOW)
    assert wait is not None
    with database.reading() as connection:
        due = {row.message_id: row.due_at for row in queue.listing(connection)}
    assert due[trigger("anna", "e2").message_id] == due[first.message_id] == NOW + wait
    assert due[trigger("bernd", "e3").message_id] == NOW + LEASE
