"""Who objects to a purpose: the latest word counts, of merged people that of all, and of this purpose only."""

import pytest
from sqlalchemy import event

from activity_log.consents import objectors
from tests.activity_log.logs import Log
from tests.activity_log.stories import Books, Event

BOOKS = Books()
PEOPLE = ("anna", "bernd", "clara", "dora")


def agrees(person: str, when: str, purpose: str = "profiling", *, id_: str = "") -> Event:
    return BOOKS.event("ConsentGranted", when, {"person_profile_id": person, "purpose": purpose}, id_=id_)


def objects(person: str, when: str, purpose: str = "profiling", *, id_: str = "") -> Event:
    return BOOKS.event("ConsentRevoked", when, {"person_profile_id": person, "purpose": purpose}, id_=id_)


def told(log: Log, *words: Event) -> str:
    return log.told([*(BOOKS.knows(one, one.title(), "Arndt") for one in PEOPLE), *words])


def who(log: Log, operator_id: str, *asked: str, purpose: str = "profiling") -> set[str]:
    """Who objects, by name; without `asked` among everybody, which must equal each asked alone."""
    names = {log.customer(operator_id, one): one for one in PEOPLE}
    ids = {names: customer for customer, names in names.items()}
    with log.database.reading() as connection:
        if asked:
            found = objectors(connection, operator_id, purpose, [ids[one] for one in asked])
        else:
            found = objectors(connection, operator_id, purpose)
    return {names[one] for one in found}


def test_the_latest_word_counts_in_whatever_order_it_came(log: Log):
    operator_id = told(
        log,
        objects("anna", "2026-01-01"),
        agrees("anna", "2026-02-01"),
        agrees("bernd", "2026-01-01"),
        objects("bernd", "2026-03-01"),
        objects("clara", "2026-04-01"),
        agrees("clara", "2026-03-01"),  # told later, but said before
    )
    assert who(log, operator_id) == {"bernd", "clara"}, "of Dora no word is known"


def test_of_two_words_at_the_same_moment_the_event_id_decides_not_the_order(log: Log):
    no, yes = objects("anna", "2026-01-01", id_="a"), agrees("anna", "2026-01-01", id_="b")
    assert who(log, told(log, no, yes)) == who(log, told(log, yes, no)) == set()
    yes, no = agrees("anna", "2026-01-01", id_="a"), objects("anna", "2026-01-01", id_="b")
    assert who(log, told(log, no, yes)) == who(log, told(log, yes, no)) == {"anna"}


def test_a_word_on_another_purpose_is_none(log: Log):
    operator_id = told(
        log,
        objects("anna", "2026-01-01"),
        agrees("anna", "2026-02-01", "marketing"),
        objects("bernd", "2026-01-01", "marketing"),
    )
    assert who(log, operator_id) == {"anna"}
    assert who(log, operator_id, purpose="marketing") == {"bernd"}


def test_merged_people_have_one_word_the_latest_of_all(log: Log):
    operator_id = told(
        log,
        agrees("anna", "2026-01-01"),
        objects("bernd", "2026-02-01"),
        BOOKS.merges("anna", "bernd", "2026-03-01"),
        objects("dora", "2026-01-01"),
        agrees("clara", "2026-02-01"),
        BOOKS.merges("clara", "dora", "2026-03-01"),
    )
    assert who(log, operator_id) == {"anna"}, (
        "Bernd's no is newer than Anna's yes; Clara's yes than Dora's no"
    )
    log.tell(operator_id, [agrees("bernd", "2026-04-01")])
    assert who(log, operator_id) == set(), "said under the id that was merged away"


def test_everybody_is_each_asked_alone_and_some_are_some_of_them(log: Log):
    operator_id = told(
        log,
        agrees("anna", "2026-01-01"),
        objects("bernd", "2026-02-01"),
        BOOKS.merges("anna", "bernd", "2026-03-01"),
        objects("clara", "2026-01-01"),
        agrees("dora", "2026-01-01"),
    )
    alone = {one for one in ("anna", "clara", "dora") if who(log, operator_id, one)}
    assert who(log, operator_id) == alone == {"anna", "clara"}
    assert who(log, operator_id, "anna", "clara", "dora") == alone
    assert who(log, operator_id, "clara", "dora") == {"clara"}


def test_operators_never_mix(log: Log):
    operator_id, other = told(log, objects("anna", "2026-01-01")), told(log)
    assert (who(log, operator_id), who(log, other)) == ({"anna"}, set())


def test_the_consents_of_everybody_are_found_without_walking_what_else_happened(log: Log):
    if log.database.engine.dialect.name != "sqlite":
        pytest.skip("SQLite says how it reads a table")
    operator_id, asked = told(log, objects("anna", "2026-05-01")), []
    with log.database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
        assert len(objectors(connection, operator_id, "profiling")) == 1
        plans = [
            row.detail
            for statement, values in asked.copy()
            if "touchpoint" in statement
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert plans == ["SEARCH touchpoint USING INDEX ix_touchpoint_consent (operator_id=?)"]
