"""The answer log in every store: what was answered is found again, by its operator only, until it is dropped."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activity_log.answer_log import LoggedAnswer, LoggedItem, drop_answers, find_answer, log_answers
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Books

BOOKS = Books()


def answered(operator_id: str, recommendation_id: str = "r1", customer_id: str | None = "c-anna", **more):
    """Nordsee and Harz were recommended; the second place was drawn."""
    items = (LoggedItem("nordsee-26", "nordsee-26-d", 0.25, 1.0), LoggedItem("harz-26", None, 0.125, 0.5))
    answer = LoggedAnswer(
        operator_id, recommendation_id, customer_id, "recommend", "recommender/3", "als",
        NOW, NOW - timedelta(microseconds=1), items,
    )  # fmt: skip
    return replace(answer, **more)


def found(log: Log, operator_id: str, recommendation_id: str = "r1") -> LoggedAnswer | None:
    with log.database.reading() as connection:
        return find_answer(connection, operator_id, recommendation_id)


@pytest.mark.parametrize(
    "more",
    [{}, {"customer_id": None, "model": None, "features_at": None, "items": ()}],
    ids=["all-is-known", "nobody-asked-and-nothing-was-found"],
)
def test_an_answer_is_found_as_it_was_given(log: Log, operator_id: str, more):
    given = answered(operator_id, **more)
    log_answers(log.database, [given, answered(operator_id, "r2", "c-bernd")])
    assert found(log, operator_id) == given
    assert found(log, operator_id, "r2").customer_id == "c-bernd"
    assert found(log, operator_id, "r3") is None


def test_an_id_that_is_logged_twice_stays_as_it_was(log: Log, operator_id: str):
    first = answered(operator_id)
    log_answers(log.database, [first, replace(first, basis="another")])
    assert found(log, operator_id) == first
    other = replace(first, customer_id="c-bernd", basis="another")
    log_answers(log.database, [other, answered(operator_id, "r2")])
    assert found(log, operator_id) == first
    assert found(log, operator_id, "r2") is not None, "what comes with it is written"


def test_operators_never_mix(log: Log, operator_id: str):
    other = log.operator()
    log_answers(log.database, [answered(operator_id, basis="ours"), answered(other, basis="theirs")])
    assert (found(log, operator_id).basis, found(log, other).basis) == ("ours", "theirs")
    log_answers(log.database, [answered(other, "r2")])
    assert found(log, operator_id, "r2") is None


def test_who_is_forgotten_leaves_no_answer(log: Log):
    operator_id = log.told([BOOKS.knows("anna", "Anna", "Arndt"), BOOKS.knows("bernd", "Bernd", "Brandt")])
    other = log.told([BOOKS.knows("anna", "Anna", "Arndt")])
    anna, bernd = (log.customer(operator_id, one) for one in ("anna", "bernd"))
    assert anna == log.customer(other, "anna"), "the same pseudonym at another operator"
    mine = [answered(operator_id, one, who) for one, who in [("r1", anna), ("r2", anna), ("r3", bernd)]]
    log_answers(log.database, [*mine, answered(operator_id, "r4", None), answered(other, "r1", anna)])
    log.tell(
        operator_id, [BOOKS.event("PersonErasureRequested", "2026-04-15", {"person_profile_id": "anna"})]
    )
    assert [found(log, operator_id, one) is None for one in ("r1", "r2", "r3", "r4")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert found(log, other) is not None


def test_answers_before_a_moment_are_dropped(log: Log, operator_id: str):
    long_ago, moment = NOW - timedelta(days=3650), timedelta(microseconds=1)
    when = {"before": long_ago - moment, "at": long_ago, "after": long_ago + moment}
    log_answers(log.database, [answered(operator_id, one, generated_at=at) for one, at in when.items()])
    with log.database.writing() as connection:
        assert drop_answers(connection, long_ago) == 1
        assert drop_answers(connection, long_ago) == 0
    assert [one for one in when if found(log, operator_id, one)] == ["at", "after"]
