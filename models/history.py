"""Which version was live when, why, and by whom: what was done to an alias, in order, and what follows from it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

Action = Literal["promoted", "rolled back"]
TAG = "history."
LONGEST_WHY = 2_000
"""MLflow keeps 5,000 characters of a tag."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Change(BaseModel):
    """One change of the champion. version: live from then on. why: the gate's verdict, or somebody's words."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    action: Action
    version: str
    by: str
    why: str
    forced: bool = False


class Term(NamedTuple):
    """A time in which a version was live. until: exclusive, None: it still is."""

    change: Change
    until: datetime | None


def terms(changes: Sequence[Change]) -> list[Term]:
    """Return who was live from when to when, oldest first. changes: oldest first."""
    ends = [*(change.at for change in changes[1:]), None]
    return [Term(change, end) for change, end in zip(changes, ends, strict=False)]


def live_on(changes: Sequence[Change], day: date) -> list[Term]:
    """Return every version that was live at some time of a day (UTC), oldest first."""
    return [
        term
        for term in terms(changes)
        if term.change.at.date() <= day and (term.until is None or term.until.date() >= day)
    ]


def earlier_champion(changes: Iterable[Change]) -> str | None:
    """Return the version to go back to, None if there is none.

    Going back undoes the last promotion that was not undone: twice back is two promotions back.
    """
    stack: list[str] = []
    for change in changes:
        if change.action == "promoted":
            stack.append(change.version)
        elif stack:
            stack.pop()
    return stack[-2] if len(stack) >= 2 else None


def apart(changes: Iterable[Change], change: Change) -> Change:
    """Return a change just after those of the same moment, so that a clock that stands still keeps their order."""
    at, taken = change.at, {one.at for one in changes}
    while at in taken:
        at += timedelta(microseconds=1)
    return change.model_copy(update={"at": at})


def tag_of(change: Change, token: str) -> str:
    """Return the name of the tag of a change: sorted by name they are in order; the token makes it one's own."""
    microseconds = (change.at - _BEGINNING) // timedelta(microseconds=1)
    return f"{TAG}{microseconds:020d}.{token}"
