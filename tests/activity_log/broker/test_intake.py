"""What is taken is committed; a database that is away is waited for; a bad event harms no neighbour."""

import asyncio
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, IntegrityError

from activity_log.broker import intake as module
from activity_log.broker.intake import Intake, StoppedError
from activity_log.broker.messages import Message
from activity_log.errors import WrongUseError
from tests.activity_log.broker.fakes import NOW, FakeStorage


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.002)


def clock() -> datetime:
    return NOW


def take(storage: FakeStorage, *bodies: bytes) -> Intake:
    async def run() -> Intake:
        intake = Intake(storage, clock)
        await intake.take([Message(body, {}) for body in bodies])
        return intake

    return asyncio.run(run())


def test_messages_of_one_call_are_one_transaction():
    storage = FakeStorage()
    intake = take(storage, b"a", b"[1,2]", b"b")
    assert storage.committed == [b"a", b"1", b"2", b"b"]
    assert storage.batches == [4]
    assert (intake.stats.accepted, intake.stats.batches, intake.stats.last_commit) == (4, 1, NOW)


def test_a_huge_batch_message_is_several_transactions(monkeypatch):
    monkeypatch.setattr(module, "EVENTS_PER_TRANSACTION", 2)
    storage = FakeStorage()
    take(storage, b"[1,2,3,4,5]")
    assert storage.batches == [2, 2, 1]


def test_a_database_that_is_away_is_waited_for():
    storage = FakeStorage()
    storage.away = 7
    take(storage, b"a", b"b")
    assert storage.committed == [b"a", b"b"]


def test_stopping_while_the_database_is_away_commits_nothing_and_says_so():
    storage = FakeStorage()
    storage.away = 10**9

    async def run() -> None:
        intake = Intake(storage, clock)
        taking = asyncio.create_task(intake.take([Message(b"a", {})]))
        await asyncio.sleep(0.01)
        assert not taking.done()
        intake.stop()
        await taking

    with pytest.raises(StoppedError):
        asyncio.run(run())
    assert storage.committed == []


@given(st.sets(st.integers(0, 40)), st.integers(1, 41))
def test_events_that_cannot_be_stored_are_put_aside_and_all_others_come_in(bad, size):
    storage = FakeStorage()
    events = [str(number).encode() for number in range(size)]
    storage.refused = {str(number).encode(): DataError("INSERT", {}, Exception("NUL")) for number in bad}
    take(storage, *events)
    assert storage.committed == [event for event in events if event not in storage.refused]
    assert storage.put_asides == [event for event in events if event in storage.refused]


def test_two_writers_in_each_others_way_put_nothing_aside():
    class Collides(FakeStorage):
        def ingest(self, raws):
            if not self.batches:
                self.batches.append(0)
                raise IntegrityError("INSERT", {}, Exception("UNIQUE"))
            return super().ingest(raws)

    storage = Collides()
    take(storage, b"a")
    assert (storage.committed, storage.put_asides) == ([b"a"], [])


def test_a_message_that_is_too_large_is_put_aside_unread(monkeypatch):
    monkeypatch.setattr(module, "MAX_MESSAGE_BYTES", 10)
    storage = FakeStorage()
    intake = take(storage, b"0123456789", b"0123456789x")
    assert (storage.committed, storage.put_asides) == ([b"0123456789"], [b"0123456789x"])
    assert intake.stats.quarantined == 1


def test_what_no_waiting_mends_ends_the_intake():
    storage = FakeStorage()
    storage.refused = {b"a": WrongUseError("no master key")}

    async def run() -> Intake:
        intake = Intake(storage, clock)
        with pytest.raises(WrongUseError):
            await intake.take([Message(b"a", {})])
        return intake

    intake = asyncio.run(run())
    assert isinstance(intake.failure, WrongUseError)
    assert intake.ended.is_set()
