"""Notes of answers: written a little later, kept while the database is away, and dropped when they are old."""

import time
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

import serving.answer_writer as module
from activity_log.answer_log import LoggedAnswer, LoggedItem, answer, log_answers
from activity_log.database import Database, open_database
from activity_log.operators import register_operator
from activity_log.vault import Vault
from serving.answer_writer import DROPPED_EVERY, KEPT_FOR, AnswerWriter
from tests.activity_log.stories import NOW


@pytest.fixture
def database(tmp_path):
    with closing(open_database(f"sqlite:///{tmp_path / 'log.db'}", Vault(bytes(32)))) as database:
        register_operator(database, "reisen", now=NOW)
        yield database


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


class Connection:
    """The way to a database, which can be cut. cut_after: so many more batches get through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.is_away, self.cut_after = False, None
        self.refused = 0
        self.batches: list[int] = []
        monkeypatch.setattr(module, "log_answers", self._log)

    def _log(self, database, answers):
        if self.is_away or self.cut_after == 0:
            self.refused += 1
            raise ConnectionError("nobody answers")
        if self.cut_after is not None:
            self.cut_after -= 1
        self.batches.append(len(answers))
        log_answers(database, answers)


@pytest.fixture
def writer(database: Database, monkeypatch: pytest.MonkeyPatch) -> AnswerWriter:
    """It writes when it is told to; its thread sleeps."""
    monkeypatch.setattr(AnswerWriter, "_start", lambda self: None)
    return AnswerWriter(database, Clock())


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Connection:
    return Connection(monkeypatch)


def note(number: int, at=NOW):
    items = (LoggedItem("nordsee-26", None, 0.5, 1.0),)
    answered = LoggedAnswer("reisen", f"r{number}", "c-anna", "recommend", None, "als", at, None, items)
    return lambda: answered


def written(database: Database) -> list[int]:
    with database.reading() as connection:
        ids = connection.execute(select(answer.c.recommendation_id)).scalars()
        return sorted(int(one[1:]) for one in ids)


def counted(fate: str) -> float:
    return module.ANSWERS.labels(fate)._value.get()


def test_what_is_taken_is_written_by_flush_once(database, writer):
    logged = counted("logged")
    for number in range(3):
        writer.take(note(number))
    assert written(database) == []
    writer.flush()
    writer.flush()
    assert written(database) == [0, 1, 2]
    assert counted("logged") - logged == 3


def test_many_are_written_a_few_together(database, writer, way, monkeypatch):
    monkeypatch.setattr(module, "WRITTEN_TOGETHER", 4)
    for number in range(10):
        writer.take(note(number))
    writer.flush()
    assert way.batches == [4, 4, 2]
    assert written(database) == list(range(10))


def test_while_the_database_is_away_notes_wait_and_then_all_are_written(database, writer, way, monkeypatch):
    monkeypatch.setattr(module, "WRITTEN_TOGETHER", 4)
    for number in range(6):
        writer.take(note(number))
    way.is_away = True
    with pytest.raises(ConnectionError):
        writer.flush()
    writer.take(note(6))
    way.is_away, way.cut_after = False, 1
    with pytest.raises(ConnectionError):
        writer.flush()
    assert written(database) == [0, 1, 2, 3], "it broke off between two batches"
    way.cut_after = None
    writer.flush()
    assert written(database) == list(range(7))
    assert way.batches == [4, 3], "nothing is written twice"


def test_of_too_many_the_oldest_go_and_are_counted(database, writer, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    dropped = counted("dropped")
    for number in range(8):
        writer.take(note(number))
    writer.flush()
    assert written(database) == [3, 4, 5, 6, 7]
    assert counted("dropped") - dropped == 3


def test_what_is_dropped_while_a_batch_is_written_takes_nothing_else_with_it(database, writer, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    for number in range(3):
        writer.take(note(number))

    def slowly(to, answers):
        log_answers(to, answers)
        monkeypatch.setattr(module, "log_answers", log_answers)
        writer.take(note(3))  # note 0 goes, which was written just now

    monkeypatch.setattr(module, "log_answers", slowly)
    writer.flush()
    assert written(database) == [0, 1, 2]
    writer.flush()
    assert written(database) == [0, 1, 2, 3]
    assert len(writer._waiting) == 0


def test_what_comes_while_others_are_written_is_written_together_the_next_time(database, writer, way):
    def taken(number):
        writer.take(note(number + 10))
        return note(number)()

    for number in range(3):
        writer.take(lambda number=number: taken(number))
    writer.flush()
    assert way.batches == [3]
    writer.flush()
    assert way.batches == [3, 3]


def test_old_answers_are_dropped_now_and_then(database, writer):
    writer.take(note(1, NOW - KEPT_FOR - timedelta(seconds=1)))
    writer.take(note(2, NOW - KEPT_FOR))
    writer.take(note(3))
    writer.flush()
    assert written(database) == [2, 3]
    writer._clock.now = NOW + DROPPED_EVERY
    writer.flush()
    assert written(database) == [2, 3], "not yet again"
    writer._clock.now += timedelta(seconds=1)
    writer.flush()
    assert written(database) == [3]


def test_by_itself_it_writes_after_a_moment_and_tries_again_where_it_could_not(database, monkeypatch, way):
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.01)
    way.is_away = True
    writer = AnswerWriter(database, Clock())
    writer.take(note(1))
    until(lambda: way.refused > 1)
    assert written(database) == []
    way.is_away = False
    until(lambda: written(database) == [1])
    thread = writer._thread
    del writer
    thread.join(5)
    assert not thread.is_alive(), "who is used no more writes no more"


def until(true) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it did not happen within five seconds"
        time.sleep(0.005)
