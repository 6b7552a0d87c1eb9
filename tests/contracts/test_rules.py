"""Operator rules in every store: added, withdrawn, replaced, never changed; and what a draft may not say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DatabaseError

from activity_log.errors import WrongUseError
from activity_log.rules import keeping
from activity_log.rules.drafts import RuleDraft, drafting_problem
from activity_log.rules.keeping import Rule, UnknownRuleError
from activity_log.rules.tables import rule as table
from tests.activity_log.logs import Log

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NORDSEE = {"family_id": "nordsee"}


def add(log: Log, operator_id: str, now: datetime = NOW, replaces: int | None = None, **draft: Any) -> Rule:
    wanted = RuleDraft.model_validate({"kind": "exclude", "target": NORDSEE} | draft)
    with log.database.writing() as connection:
        return keeping.add(connection, operator_id, wanted, "marketing", now, replaces=replaces)


def withdraw(log: Log, operator_id: str, rule_id: int, now: datetime) -> Rule:
    with log.database.writing() as connection:
        return keeping.withdraw(connection, operator_id, rule_id, "marketing", now)


def level(log: Log, operator_id: str) -> int:
    with log.database.reading() as connection:
        return keeping.rules_level(connection, operator_id)


def in_force(log: Log, operator_id: str, at: datetime) -> list[int]:
    with log.database.reading() as connection:
        return [one.rule_id for one in keeping.every_rule(connection, operator_id) if one.is_in_force(at)]


def test_a_rule_comes_back_as_it_was_told(log: Log, operator_id: str):
    told = add(
        log, operator_id, kind="pin", target={"departure_id": "föhr-may"}, position=2, note="Föhr füllen",
        valid_from=NOW + HOUR, valid_to=NOW + 3 * HOUR,
    )  # fmt: skip
    with log.database.reading() as connection:
        assert keeping.every_rule(connection, operator_id) == [told]
        assert keeping.get(connection, operator_id, 1) == told
    assert (told.rule_id, told.target_kind, told.target, told.position) == (1, "departure_id", "föhr-may", 2)


def test_in_force_from_its_start_up_to_its_exclusive_end(log: Log, operator_id: str):
    add(log, operator_id, valid_from=NOW + HOUR, valid_to=NOW + 3 * HOUR)
    add(log, operator_id, now=NOW + HOUR, valid_from=NOW)  # nobody follows a rule before it is there
    moments = [NOW, NOW + HOUR, NOW + 3 * HOUR - timedelta(microseconds=1), NOW + 3 * HOUR]
    assert [in_force(log, operator_id, at) for at in moments] == [[], [1, 2], [1, 2], [2]]


def test_withdrawn_and_replaced_rules_still_explain_the_past(log: Log, operator_id: str):
    add(log, operator_id)
    second = add(log, operator_id, now=NOW + HOUR, replaces=1, kind="bury", factor=0.5)
    ended = withdraw(log, operator_id, second.rule_id, NOW + 2 * HOUR)
    assert (ended.withdrawn_at, ended.withdrawn_by) == (NOW + 2 * HOUR, "marketing")
    moments = [NOW, NOW + HOUR, NOW + 2 * HOUR]
    assert [in_force(log, operator_id, at) for at in moments] == [[1], [2], []]
    with log.database.reading() as connection:
        assert keeping.get(connection, operator_id, 1).replaced_by == 2
        assert keeping.open_rules(connection, operator_id, NOW + 2 * HOUR) == []


def test_the_level_grows_with_every_change_of_this_operator(log: Log, operator_id: str):
    other, seen = log.operator(), [level(log, operator_id)]
    for change in (
        lambda: add(log, operator_id),
        lambda: add(log, operator_id, replaces=1),
        lambda: withdraw(log, operator_id, 2, NOW + HOUR),
    ):
        change()
        seen.append(level(log, operator_id))
    assert seen == sorted(set(seen))
    assert seen[0] == level(log, other) == 0


def test_what_cannot_be_done_is_refused_and_changes_nothing(log: Log, operator_id: str):
    add(log, operator_id)
    withdraw(log, operator_id, 1, NOW + HOUR)
    with pytest.raises(WrongUseError, match="withdrawn on 2026-06-01 13:00 UTC already"):
        add(log, operator_id, replaces=1)
    with pytest.raises(UnknownRuleError, match="has no rule 7"):
        withdraw(log, operator_id, 7, NOW)
    with pytest.raises(WrongUseError, match=r"valid_to: .* is past"):
        add(log, operator_id, valid_to=NOW)
    assert level(log, operator_id) == 2


def test_the_database_itself_refuses_to_change_a_rule(log: Log, operator_id: str):
    add(log, operator_id)
    this = table.c.operator_id == operator_id
    statements = [update(table).where(this).values(note="never said"), delete(table).where(this)]
    if log.database.engine.dialect.name == "sqlite":
        statements.append(
            text(f"INSERT OR REPLACE INTO rule SELECT * FROM rule WHERE operator_id = '{operator_id}'")
        )
    for statement in statements:
        with pytest.raises(DatabaseError, match="never changed"), log.database.writing() as connection:
            connection.execute(statement)
    withdraw(log, operator_id, 1, NOW)
    with pytest.raises(DatabaseError, match="never changed"), log.database.writing() as connection:
        connection.execute(update(table).where(this).values(withdrawn_at=None))


def test_operators_see_nothing_of_each_other(log: Log, operator_id: str):
    add(log, operator_id)
    other = log.operator()
    assert add(log, other).rule_id == 1
    withdraw(log, other, 1, NOW)
    assert in_force(log, operator_id, NOW + HOUR) == [1]


def test_there_is_an_end_to_rules(log: Log, operator_id: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keeping, "MOST_RULES", 2)
    for _ in range(2):
        add(log, operator_id)
    with pytest.raises(WrongUseError, match="2 rules are in force"):
        add(log, operator_id)
    add(log, operator_id, replaces=1)


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        ({"kind": "pin"}, "position: a rule of kind 'pin' needs it"),
        ({"kind": "pin", "position": 0}, "position: Input should be greater than or equal to 1"),
        ({"kind": "pin", "position": 1, "target": None}, "target: a rule of kind 'pin' needs one"),
        ({"kind": "boost"}, "factor: a rule of kind 'boost' needs it; give a number"),
        ({"kind": "boost", "factor": 0.5}, "factor: a boost wants one above 1, not 0.5"),
        ({"kind": "bury", "factor": 2}, "factor: a bury wants one below 1, not 2"),
        ({"kind": "bury", "factor": 1}, "factor: 1 changes nothing"),
        ({"kind": "bury", "factor": 0}, "factor: Input should be greater than"),
        ({"kind": "boost", "factor": "inf"}, "factor: Input should be"),
        ({"kind": "exclude", "factor": 2}, "factor: goes with boost or bury only"),
        ({"kind": "exclude", "target": {}}, "target: name exactly one of tour_id"),
        ({"kind": "exclude", "target": {"tour_id": "a", "region": "b"}}, "target: name exactly one of tour_id"),
        ({"kind": "exclude", "target": {"tour": "a"}}, "target.tour: Extra inputs"),
        ({"kind": "at_most"}, "at_most: a rule of kind 'at_most' needs it"),
        ({"kind": "at_most", "at_most": 2, "target": {"tour_id": "a"}}, "target: at_most counts families"),
        ({"kind": "exclude", "valid_from": "2026-06-01T00:00:00"}, "valid_from: Input should have timezone"),
        ({"kind": "hide"}, "kind: Input should be 'pin', 'boost'"),
        ({"kind": "exclude", "note": "a\nb"}, "note: write it on one line"),
        (
            {"kind": "exclude", "valid_from": "2026-06-01T00:00:00Z", "valid_to": "2026-06-01T00:00:00Z"},
            "valid_to: must be later",
        ),
    ],
)  # fmt: skip
def test_a_draft_says_what_is_wrong_and_the_remedy(draft: dict[str, Any], problem: str):
    with pytest.raises(ValidationError) as refused:
        RuleDraft.model_validate({"target": NORDSEE} | draft)
    assert drafting_problem(refused.value).startswith(problem)
