"""The tables of the outbox: what is to be told, to whom, and how far each telling has come."""

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from activity_log.schema import Seq, UtcMoment, metadata

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"

IS_PENDING = text("state = 'pending'")
"""Spelled out, not bound: a query uses the partial index only if its condition reads like the index's."""

message = Table(
    "outbox_message",
    metadata,
    Column("position", Seq, primary_key=True, autoincrement=True),
    Column("message_id", String, nullable=False),
    Column("operator_id", String, ForeignKey("operator.operator_id"), nullable=False),
    Column("customer_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("data_version", Integer, nullable=False),
    Column("as_of", UtcMoment, nullable=False),
    Column("data", Text, nullable=False),
    Column("written_at", UtcMoment, nullable=False),
    UniqueConstraint("message_id", name="uq_outbox_message_message_id"),
    Index("ix_outbox_message_written_at", "written_at"),
    sqlite_autoincrement=True,
)
"""What is to be told, in the order it was written."""

destination = Table(
    "outbox_destination",
    metadata,
    Column("destination_id", String, primary_key=True),
    Column("operator_id", String, ForeignKey("operator.operator_id")),
    Column("url", Text),
    Column("types", Text, nullable=False),
    Column("sealed_secret", LargeBinary),
    Column("added_at", UtcMoment, nullable=False),
)
"""Who is told: webhooks of one operator each; the broker, which has neither operator, URL nor secret."""

delivery = Table(
    "outbox_delivery",
    metadata,
    Column("destination_id", String, ForeignKey("outbox_destination.destination_id"), nullable=False),
    Column("position", Seq, ForeignKey("outbox_message.position"), nullable=False),
    Column("customer_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcMoment, nullable=False),
    Column("claim", String),
    Column("problem", Text),
    Column("settled_at", UtcMoment),
    PrimaryKeyConstraint("destination_id", "position"),
    Index("ix_outbox_delivery_position", "position"),
    Index(
        "ix_outbox_delivery_due",
        "destination_id",
        "due_at",
        "position",
        sqlite_where=IS_PENDING,
        postgresql_where=IS_PENDING,
    ),
    Index(
        "ix_outbox_delivery_customer",
        "destination_id",
        "customer_id",
        "position",
        sqlite_where=IS_PENDING,
        postgresql_where=IS_PENDING,
    ),
)
"""One telling of one message to one destination.

due_at: when it may next be tried; while somebody holds it, when their lease ends. claim: who holds it.
customer_id is a pseudonym, unlike between any two operators, so it alone keeps people apart.
"""


def pending(deliveries: FromClause) -> ColumnElement[bool]:
    """Return the condition that a delivery is still to be made, spelled like the partial indexes."""
    return deliveries.c.state == literal_column(f"'{PENDING}'")
