"""Rules in the log's database: added, withdrawn, replaced, never changed, so that old answers can be explained."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from activity_log.errors import WrongUseError
from activity_log.rules.drafts import Kind, RuleDraft, TargetKind
from activity_log.rules.tables import rule as table

MOST_RULES = 500
"""So many rules of one operator may wait or be in force at a time."""


class UnknownRuleError(WrongUseError):
    """The operator has no such rule."""

    def __init__(self, operator_id: str, rule_id: int | str):
        super().__init__(
            f"operator '{operator_id}' has no rule {rule_id}; `busflow rules list --all` names all"
        )


@dataclass(frozen=True)
class Rule:
    """A rule as it was created, and when it ended.

    target_kind, target: what it is about; null: every family. valid_to, withdrawn_at: exclusive ends; null: open.
    replaced_by: the rule that took its place, if one did.
    """

    operator_id: str
    rule_id: int
    kind: Kind
    target_kind: TargetKind | None
    target: str | None
    position: int | None
    factor: float | None
    at_most: int | None
    valid_from: datetime | None
    valid_to: datetime | None
    note: str
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    replaced_by: int | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Whether lists of that moment follow it."""
        starts = max(self.created_at, self.valid_from or self.created_at)
        ends = [one for one in (self.valid_to, self.withdrawn_at) if one is not None]
        return starts <= at and all(at < one for one in ends)


def drafted(operator_id: str, draft: RuleDraft, rule_id: int, by: str, now: datetime) -> Rule:
    """Return a draft as the rule it would be."""
    target = draft.target
    return Rule(
        operator_id=operator_id,
        rule_id=rule_id,
        target_kind=target.kind if target else None,
        target=target.name if target else None,
        created_by=by,
        created_at=now,
        **draft.model_dump(exclude={"target"}),
    )


def add(
    connection: Connection,
    operator_id: str,
    draft: RuleDraft,
    by: str,
    now: datetime,
    *,
    replaces: int | None = None,
) -> Rule:
    """Put a rule in force, in place of another if one is named. Wants a writing transaction.

    Raises UnknownRuleError; WrongUseError if the other is withdrawn already, if the rule would be over before it
    begins, or if there are MOST_RULES.
    """
    if draft.valid_to is not None and draft.valid_to <= now:
        raise WrongUseError(
            f"valid_to: {draft.valid_to.isoformat()} is past; a rule that is over has no effect"
        )
    last = select(func.max(table.c.rule_id)).where(table.c.operator_id == operator_id)
    rule = drafted(operator_id, draft, (connection.execute(last).scalar() or 0) + 1, by, now)
    if replaces is not None:
        withdraw(connection, operator_id, replaces, by, now, replaced_by=rule.rule_id)
    if len(open_rules(connection, operator_id, now)) >= MOST_RULES:
        raise WrongUseError(f"{MOST_RULES} rules are in force or waiting already: withdraw some first")
    row = {name: value for name, value in vars(rule).items() if name != "target"}
    connection.execute(insert(table).values(**row, target_id=rule.target))
    return rule


def withdraw(
    connection: Connection,
    operator_id: str,
    rule_id: int,
    by: str,
    now: datetime,
    *,
    replaced_by: int | None = None,
) -> Rule:
    """End a rule now; lists up to now stay explained by it. Wants a writing transaction.

    Raises UnknownRuleError, WrongUseError if it was withdrawn before.
    """
    known = get(connection, operator_id, rule_id)
    if known.withdrawn_at is not None:
        raise WrongUseError(
            f"rule {rule_id} was withdrawn on {known.withdrawn_at:%Y-%m-%d %H:%M} UTC already"
        )
    this = (table.c.operator_id == operator_id, table.c.rule_id == rule_id)
    connection.execute(
        update(table).where(*this).values(withdrawn_at=now, withdrawn_by=by, replaced_by=replaced_by)
    )
    return get(connection, operator_id, rule_id)


def get(connection: Connection, operator_id: str, rule_id: int) -> Rule:
    """Return a rule, withdrawn or not. Raises UnknownRuleError."""
    query = select(table).where(table.c.operator_id == operator_id, table.c.rule_id == rule_id)
    row = connection.execute(query).first()
    if row is None:
        raise UnknownRuleError(operator_id, rule_id)
    return _rule(row)


def every_rule(connection: Connection, operator_id: str) -> list[Rule]:
    """Return all rules that ever were, in the order of creation."""
    query = select(table).where(table.c.operator_id == operator_id).order_by(table.c.rule_id)
    return [_rule(row) for row in connection.execute(query)]


def open_rules(connection: Connection, operator_id: str, now: datetime) -> list[Rule]:
    """Return the rules that are in force or still to come, in the order of creation."""
    return [
        rule
        for rule in every_rule(connection, operator_id)
        if rule.withdrawn_at is None and (rule.valid_to is None or now < rule.valid_to)
    ]


def rules_level(connection: Connection, operator_id: str) -> int:
    """Return a number that grows with every rule added or withdrawn, 0 before the first. No row is ever deleted."""
    changes = func.count() + func.count(table.c.withdrawn_at)
    return int(connection.execute(select(changes).where(table.c.operator_id == operator_id)).scalar_one())


def _rule(row: Row[Any]) -> Rule:
    told = dict(row._mapping)
    return Rule(target=told.pop("target_id"), **told)
