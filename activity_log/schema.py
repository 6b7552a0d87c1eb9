"""The tables of the log: the append-only ledger, what waited at the gate, and the read models.

Alembic (`migrations/`) creates them; this module is how the code speaks of them.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return an aware moment as whole microseconds since 1970 in UTC: how moments are stored."""
    return (moment - _EPOCH) // _MICROSECOND


class UtcMoment(TypeDecorator[datetime]):
    """An aware moment, stored as whole microseconds since 1970 in UTC: exact, sortable, no zone to lose."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Aware datetime to microseconds."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Microseconds to aware datetime."""
        return None if value is None else _EPOCH + value * _MICROSECOND


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

operator = Table(
    "operator",
    metadata,
    Column("operator_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("undated", Boolean, nullable=False),
    Column("pseudonym_key", LargeBinary, nullable=False),
    Column("registered_at", UtcMoment, nullable=False),
)

IS_CATALOGUE_EVENT = text("type IN ('TourPublished', 'DepartureScheduled', 'DepartureUpdated')")
"""Spelled out, not bound: a query uses the partial index only if its condition reads like the index's."""

event = Table(
    "event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("operator_id", String, ForeignKey("operator.operator_id"), nullable=False),
    Column("event_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("type", String, nullable=False),
    Column("data_version", Integer, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    Column("data", Text, nullable=False),
    UniqueConstraint("operator_id", "event_id", name="uq_event_operator_id_event_id"),
    Index("ix_event_operator_id_seq", "operator_id", "seq"),
    Index(
        "ix_event_catalogue",
        "operator_id",
        "seq",
        sqlite_where=IS_CATALOGUE_EVENT,
        postgresql_where=IS_CATALOGUE_EVENT,
    ),
    sqlite_autoincrement=True,
)

discarded = Table(
    "discarded",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    PrimaryKeyConstraint("operator_id", "event_id"),
)

IS_OPEN = text("resolved_at IS NULL")

quarantine = Table(
    "quarantine",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("operator_id", String),
    Column("event_id", String),
    Column("reason", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", UtcMoment, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("resolved_at", UtcMoment),
    Column("resolution", Text),
    Column("resolved_event_id", String),
    Index(
        "ix_quarantine_open",
        "operator_id",
        "kind",
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    ),
    Index("ix_quarantine_received_at", "received_at", "fingerprint"),
)

person_profile = Table(
    "person_profile",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("person_profile_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("birth_date", IsoDate),
    Column("postcode", Text),
    Column("dietary_needs", Text),
    Column("locale", String, nullable=False),
    Column("marketing_consent", Boolean, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("event_id", String, nullable=False),
    Column("search_text", Text, nullable=False),
    PrimaryKeyConstraint("operator_id", "person_profile_id"),
    UniqueConstraint("operator_id", "customer_id", name="uq_person_profile_customer"),
)

merge = Table(
    "merge",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("surviving_customer_id", String, nullable=False),
    Column("merged_customer_id", String, nullable=False),
    Column("effective_at", UtcMoment, nullable=False),
    PrimaryKeyConstraint("operator_id", "event_id"),
    Index("ix_merge_surviving", "operator_id", "surviving_customer_id"),
    Index("ix_merge_merged", "operator_id", "merged_customer_id"),
)

touchpoint = Table(
    "touchpoint",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("role", String, nullable=False),
    Column("type", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "customer_id", "occurred_at", "seq"),
    sqlite_with_rowid=False,
)

tour = Table(
    "tour",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("tour_id", String, nullable=False),
    Column("family_id", String, nullable=False),
    Column("name_de", Text, nullable=False),
    Column("name_en", Text),
    Column("region", Text, nullable=False),
    Column("theme", Text, nullable=False),
    Column("nights", Integer, nullable=False),
    Column("price_from", DecimalText, nullable=False),
    Column("currency", String, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("event_id", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "tour_id"),
)

departure = Table(
    "departure",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("departure_id", String, nullable=False),
    Column("tour_id", String, nullable=False),
    Column("departs_on", IsoDate, nullable=False),
    Column("boarding_point_ids", Text, nullable=False),
    Column("seats_total", Integer, nullable=False),
    Column("seats_left", Integer, nullable=False),
    Column("price", DecimalText, nullable=False),
    Column("currency", String, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("event_id", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "departure_id"),
    Index("ix_departure_operator_id_departs_on", "operator_id", "departs_on"),
)

READ_MODELS = (person_profile, merge, touchpoint, tour, departure)
"""What `replay` drops and rebuilds from `event`."""
