"""How a request says which part of a timeline it wants: types or groups of events, and a span of time."""

from collections.abc import Iterable
from datetime import UTC, datetime

from activity_log.errors import WrongUseError
from activity_log.timeline import TimelineFilter, types_named


def timeline_filter(
    types: Iterable[str] = (), since: str | None = None, until: str | None = None
) -> TimelineFilter:
    """Read event types, or groups like bookings or messages, and days or moments, UTC without offset.

    until: exclusive. Raises WrongUseError.
    """
    return TimelineFilter(types_named(types), _moment("from", since), _moment("until", until))


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise WrongUseError(f"{name} '{text[:40]}': use a day like 2026-05-01, or a moment") from error
