"""The tables of segments: what they are, the lists some are made of, who was in them when, and each refresh."""

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from activity_log.schema import UtcMoment, metadata

IS_OPEN = text("valid_to IS NULL")
"""Spelled out, not bound: a query uses the partial index only if its condition reads like the index's."""


def _owner() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["operator_id", "segment_id"], ["segment.operator_id", "segment.segment_id"], ondelete="CASCADE"
    )


segment = Table(
    "segment",
    metadata,
    Column("operator_id", String, ForeignKey("operator.operator_id"), nullable=False),
    Column("segment_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("archived_at", UtcMoment),
    PrimaryKeyConstraint("operator_id", "segment_id"),
)
"""version: of the definition in force. archived_at: it has no members since, and is not refreshed."""

segment_version = Table(
    "segment_version",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("segment_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name_de", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("defined_at", UtcMoment, nullable=False),
    PrimaryKeyConstraint("operator_id", "segment_id", "version"),
    _owner(),
)
"""definition: the rule's text; of a learned cluster, JSON; of a list, the fingerprint of its customers."""

segment_list = Table(
    "segment_list",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("segment_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    PrimaryKeyConstraint("operator_id", "segment_id", "customer_id"),
    _owner(),
    sqlite_with_rowid=False,
)
"""The customers of the lists in force, under the ids they were listed with."""

segment_membership = Table(
    "segment_membership",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("segment_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("valid_from", UtcMoment, nullable=False),
    Column("valid_to", UtcMoment),
    PrimaryKeyConstraint("operator_id", "segment_id", "customer_id", "valid_from"),
    _owner(),
    Index("ix_segment_membership_customer", "operator_id", "customer_id"),
    Index(
        "ix_segment_membership_open",
        "operator_id",
        "segment_id",
        "customer_id",
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    ),
)
"""Somebody belonged from valid_from up to valid_to (exclusive; null: still). Both are the as_of of a refresh: what
happened before that moment made it so."""

segment_refresh = Table(
    "segment_refresh",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("segment_id", String, nullable=False),
    Column("as_of", UtcMoment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("refreshed_at", UtcMoment, nullable=False),
    Column("size", Integer, nullable=False),
    Column("entered", Integer, nullable=False),
    Column("left_count", Integer, nullable=False),
    PrimaryKeyConstraint("operator_id", "segment_id", "as_of", "version"),
    _owner(),
)
"""What each refresh found. Sizes are numbers, so they stay true where people were forgotten since."""

SEGMENT_TABLES = (segment, segment_version, segment_list, segment_membership, segment_refresh)
