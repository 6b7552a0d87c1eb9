"""How a request says which part of a timeline it wants: types or groups of events, and a span of time."""

from datetime import UTC, datetime

from starlette.datastructures import QueryParams

from activity_log.errors import WrongUseError
from activity_log.timeline import TimelineFilter, types_named


def timeline_filter(query: QueryParams) -> TimelineFilter:
    """Read `type` (repeatable; an event type, or a group like bookings or messages), `from` and `until`.

    from, until: a day or a moment, UTC without offset; `until` is exclusive. Raises WrongUseError.
    """
    return TimelineFilter(types_named(query.getlist("type")), _moment(query, "from"), _moment(query, "until"))


def _moment(query: QueryParams, name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise WrongUseError(f"{name} '{text[:40]}': use a day like 2026-05-01, or a moment") from error
