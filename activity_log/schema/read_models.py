"""The read models: what is folded from the log, and can be dropped and folded anew."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from activity_log.schema.columns import DecimalText, IsoDate, UtcMoment, metadata

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

IS_CONSENT = text("type IN ('ConsentGranted', 'ConsentRevoked')")
"""Spelled out as `IS_CATALOGUE_EVENT` is."""

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
    Index(
        "ix_touchpoint_consent",
        "operator_id",
        "customer_id",
        "seq",
        sqlite_where=IS_CONSENT,
        postgresql_where=IS_CONSENT,
    ),
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
    PrimaryKeyConstraint("operator_id", "booking_id", "event_id"),
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
    conversation,
)  # fmt: skip
"""What `replay` drops and rebuilds from `event`."""
