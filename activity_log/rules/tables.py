"""The table of operator rules. The database itself refuses to change or delete one; see migration 0005."""

from sqlalchemy import Column, Float, ForeignKey, Integer, PrimaryKeyConstraint, String, Table, Text

from activity_log.schema import UtcMoment, metadata

rule = Table(
    "rule",
    metadata,
    Column("operator_id", String, ForeignKey("operator.operator_id"), nullable=False),
    Column("rule_id", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("target_kind", String),
    Column("target_id", Text),
    Column("position", Integer),
    Column("factor", Float),
    Column("at_most", Integer),
    Column("valid_from", UtcMoment),
    Column("valid_to", UtcMoment),
    Column("note", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("withdrawn_at", UtcMoment),
    Column("withdrawn_by", Text),
    Column("replaced_by", Integer),
    PrimaryKeyConstraint("operator_id", "rule_id"),
)
"""rule_id: 1, 2, ... per operator, in the order of creation. Only the last three columns are written later, once."""
