"""The append-only log, the keys, and what waited at the gate."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from activity_log.schema.columns import Seq, UtcMoment, metadata

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
    Column("operator_id", String, nullable=False),
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
