"""What the form above the timeline asks for: a group of events, and days at the operator's office."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from activity_log.errors import WrongUseError
from activity_log.read_models.event_groups import EVENT_GROUPS
from activity_log.timeline import TimelineFilter, types_named
from serving.crm.formats import OPERATORS_ZONE


@dataclass(frozen=True)
class TimelineForm:
    """The form as filled in. group: of `EVENT_GROUPS`, empty for all; since, until: whole days, both inclusive."""

    group: str = ""
    since: date | None = None
    until: date | None = None

    def only(self) -> TimelineFilter:
        """Return the filter it asks for. Raises WrongUseError for days no calendar has in UTC."""
        try:
            return TimelineFilter(
                types_named([self.group] if self.group else []),
                _midnight(self.since) if self.since else None,
                _midnight(self.until + timedelta(days=1)) if self.until else None,
            )
        except OverflowError as error:
            raise WrongUseError("a day that far away: use one between 0002 and 9998") from error

    @property
    def is_filled(self) -> bool:
        """Whether it narrows anything."""
        return self != TimelineForm()

    @property
    def query(self) -> str:
        """Return it as the query of an address."""
        filled = {"group": self.group, "from": self.since, "until": self.until}
        return urlencode({name: value for name, value in filled.items() if value})


def timeline_form(query: QueryParams) -> TimelineForm:
    """Read `group`, `from` and `until`; what is left empty narrows nothing. Raises WrongUseError."""
    group = query.get("group", "")
    if group and group not in EVENT_GROUPS:
        raise WrongUseError(f"group '{group[:80]}': use one of {', '.join(EVENT_GROUPS)}")
    return TimelineForm(group, _day(query, "from"), _day(query, "until"))


def _day(query: QueryParams, name: str) -> date | None:
    text = query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise WrongUseError(f"{name} '{text[:40]}': use a day like 2026-05-01") from error


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, OPERATORS_ZONE).astimezone(UTC)
