"""The tables of the log: the append-only ledger, what waited at the gate, and the read models.

Alembic (`migrations/`) creates them; this module is how the code speaks of them.
"""

from datetime import date, datetime
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

IS_SEALED = text("sealed_for IS NOT NULL")

event = Table(
    "event",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=False),
    Column("operator_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("type", String, nullable=False),
    Column("data_version", Integer, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    Column("data", Text, nullable=False),
    Column("sealed_for", String),
    Column("sealed", LargeBinary),
    Index("ix_event_operator_id_seq", "operator_id", "seq"),
    Index(
        "ix_event_sealed_for", "operator_id", "sealed_for", sqlite_where=IS_SEALED, postgresql_where=IS_SEALED
    ),
    Index(
        "ix_event_catalogue",
        "operator_id",
        "seq",
        sqlite_where=IS_CATALOGUE_EVENT,
        postgresql_where=IS_CATALOGUE_EVENT,
    ),
)
"""The log. `data`: the payload as JSON without what is personal; `sealed`: the rest, encrypted (see `personal`) under
the key of the person `sealed_for`; null once it is forgotten.

On PostgreSQL it is partitioned by the year of `recorded_at`, and the migration writes it out by hand.
"""

event_key = Table(
    "event_key",
    metadata,
    Column("operator_id", String, ForeignKey("operator.operator_id"), nullable=False),
    Column("event_id", String, nullable=False),
    Column("seq", Seq, nullable=False),
    PrimaryKeyConstraint("operator_id", "event_id"),
    sqlite_with_rowid=False,
)
"""The ids that were seen, over all partitions of `event`: what makes a second delivery a duplicate."""

person_key = Table(
    "person_key",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("person_profile_id", String, nullable=False),
    Column("key_id", LargeBinary),
    Column("wrapped", LargeBinary),
    Column("erased_at", UtcMoment),
    PrimaryKeyConstraint("operator_id", "person_profile_id"),
)
"""One encryption key per person, itself sealed by the master key; null once destroyed. Keep it out of old backups."""

file_progress = Table(
    "file_progress",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("updated_at", UtcMoment, nullable=False),
)
"""How far a file that is being taken in has been read; the row goes when the file is done."""

privacy_procedure = Table("privacy_procedure", metadata, Column("opened_at", UtcMoment, primary_key=True))
"""Holds a row only inside a transaction of the privacy procedure: the triggers of `event` look here."""

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

intake = Table(
    "intake",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("way", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("events", BigInteger, nullable=False),
    PrimaryKeyConstraint("operator_id", "way", "outcome"),
    sqlite_with_rowid=False,
)
"""What became of all events that ever came, kept with each batch (see `metrics`). operator_id '': a stranger's."""

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

touchpoint = Table(
    "touchpoint",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("seq", BigInteger, nullable=False),
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

# Read models: people, bookings, talk

identity_link = Table(
    "identity_link",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("surviving_customer_id", String, nullable=False),
    Column("merged_customer_id", String, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("effective_at", UtcMoment, nullable=False),
    PrimaryKeyConstraint("operator_id", "event_id"),
    Index("ix_identity_link_surviving", "operator_id", "surviving_customer_id"),
    Index("ix_identity_link_merged", "operator_id", "merged_customer_id"),
)

booking = Table(
    "booking",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("booking_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("tour_id", String, nullable=False),
    Column("departure_id", String, nullable=False),
    Column("departure_date", IsoDate, nullable=False),
    Column("amount", DecimalText, nullable=False),
    Column("currency", String, nullable=False),
    Column("sales_channel", Text, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("event_id", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "booking_id"),
    Index("ix_booking_customer", "operator_id", "customer_id"),
)

party_member = Table(
    "party_member",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("booking_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("place", Integer, nullable=False),
    Column("customer_id", String),
    Column("seat_position", Text),
    Column("boarding_point_id", String),
    PrimaryKeyConstraint("operator_id", "booking_id", "event_id", "place"),
    Index("ix_party_member_customer", "operator_id", "customer_id"),
    sqlite_with_rowid=False,
)

cancellation = Table(
    "cancellation",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("booking_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("refund_amount", DecimalText, nullable=False),
    Column("currency", String),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("event_id", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "booking_id"),
)

no_show = Table(
    "no_show",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("booking_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("event_id", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "booking_id", "customer_id"),
)

thread = Table(
    "thread",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("contact_id", String, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("read", Integer, nullable=False),
    Column("first_at", UtcMoment, nullable=False),
    Column("last_at", UtcMoment, nullable=False),
    PrimaryKeyConstraint("operator_id", "customer_id", "contact_id"),
    sqlite_with_rowid=False,
)

conversation = Table(
    "conversation",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("conversation_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("contact_id", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("satisfaction", Integer),
    Column("nps", Integer),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("event_id", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "conversation_id"),
    Index("ix_conversation_customer", "operator_id", "customer_id"),
)

projection_state = Table(
    "projection_state",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("level", BigInteger, nullable=False),
    Column("until", UtcMoment),
    PrimaryKeyConstraint("operator_id", "name"),
)

READ_MODELS = (
    person_profile, identity_link, touchpoint, tour, departure, booking, party_member, cancellation, no_show,
    thread, conversation,
)  # fmt: skip
"""What `replay` drops and rebuilds from `event`."""
