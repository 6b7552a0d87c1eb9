"""Moments as the log keeps them: whole microseconds since 1970 in UTC, exact, sortable, with no zone to lose."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_USUAL_LENGTH = 20


def microseconds(moment: datetime) -> int:
    """Return an aware moment as microseconds."""
    return (moment - _EPOCH) // _MICROSECOND


def quickly_read(text: str) -> int | None:
    """Return a moment written like 2026-05-01T10:00:00Z as microseconds; None for what is written another way."""
    if len(text) != _USUAL_LENGTH or text[7::3] != "-T::Z":
        return None
    try:
        return microseconds(datetime.fromisoformat(text))
    except ValueError:
        return None


def from_microseconds(value: int) -> datetime:
    """Return microseconds as aware moment in UTC."""
    return _EPOCH + value * _MICROSECOND
