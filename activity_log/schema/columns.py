"""How values are stored, alike in every store, and the catalogue of all tables."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, String, TypeDecorator

from activity_log.moments import from_microseconds, microseconds


class UtcMoment(TypeDecorator[datetime]):
    """An aware moment, stored as whole microseconds since 1970 in UTC: exact, sortable, no zone to lose."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Aware datetime to microseconds."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Microseconds to aware datetime."""
        return None if value is None else from_microseconds(value)


class DecimalText(TypeDecorator[Decimal]):
    """Money as its decimal text, since SQLite knows no decimal and a float would lose cents."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Decimal to text."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        """Text to Decimal."""
        return None if value is None else Decimal(value)


class IsoDate(TypeDecorator[date]):
    """A day as ISO text: sortable, and the same bytes in every store."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> Any:
        """Date to text."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> date | None:
        """Text to date."""
        return None if value is None else date.fromisoformat(value)


metadata = MetaData()

Seq = BigInteger().with_variant(Integer, "sqlite")
"""An event's place in the order of arrival. SQLite keeps rows by it only if it is called INTEGER."""
