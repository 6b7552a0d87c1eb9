"""What is said of rules: as they are kept, and what a preview found."""

from datetime import datetime
from typing import Literal

from activity_log.rules.keeping import Rule
from serving.replies import Reply

Why = Literal["outside_validity", "unknown_target", "not_bookable", "shadowed", "no_difference"]


class KeptRule(Reply):
    """A rule as it was created, and when it ended. target: null: every family."""

    rule_id: int
    kind: str
    target: dict[str, str] | None
    position: int | None
    factor: float | None
    at_most: int | None
    valid_from: datetime | None
    valid_to: datetime | None
    note: str
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    replaced_by: int | None
    in_force: bool
    remarks: list[str]

    @classmethod
    def of(cls, rule: Rule, now: datetime, remarks: tuple[str, ...] = ()) -> "KeptRule":
        """Return a rule as it is told at a moment."""
        told = {name: value for name, value in vars(rule).items() if name in cls.model_fields}
        told["target"] = target_of(rule)
        return cls(**told, in_force=rule.is_in_force(now), remarks=list(remarks))


def target_of(rule: Rule) -> dict[str, str] | None:
    """Return what a rule is about, as it was written."""
    return {rule.target_kind: rule.target} if rule.target_kind and rule.target else None


class Place(Reply):
    """One place of a previewed list. rules: those that had a part in it."""

    position: int
    tour_id: str
    departure_id: str | None
    name: str
    rules: list[int]


class VisitorLists(Reply):
    """The list of one visitor (null: anonymous) before and after."""

    customer_id: str | None
    before: list[Place]
    after: list[Place]
    changed: bool


class TourChange(Reply):
    """In how many of the lists a tour stands before and after, and its mean place there (null: in none)."""

    tour_id: str
    name: str
    lists_before: int
    lists_after: int
    place_before: float | None
    place_after: float | None


class NoEffect(Reply):
    """Why a rule changes nothing, in one sentence."""

    kind: Why
    text: str


class RuleEffect(Reply):
    """How many of the lists are as they are because of this rule; null `no_effect`: some are."""

    rule_id: int
    kind: str
    target: dict[str, str] | None
    proposed: bool
    lists_changed: int
    no_effect: NoEffect | None


class RulesPreview(Reply):
    """What rules would do to the lists of some visitors at a moment.

    tours: those whose places differ, the winners first.
    """

    at: datetime
    lists: int
    lists_changed: int
    visitors: list[VisitorLists]
    tours: list[TourChange]
    rules: list[RuleEffect]
