"""Moments as the log keeps them: whole microseconds since 1970 in UTC, exact, sortable, with no zone to lose."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return an aware moment as microseconds."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Return microseconds as aware moment in UTC."""
    return _EPOCH + value * _MICROSECOND
