"""Segments: definitions, lists, memberships and refreshes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPEN = sa.text("valid_to IS NULL")
KEYS = ("operator_id", "segment_id")


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("operator_id", sa.String(), sa.ForeignKey("operator.operator_id"), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint(*KEYS),
    )
    _create(
        "segment_version",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_de", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("defined_at", sa.BigInteger(), nullable=False),
        key=("version",),
    )
    _create(
        "segment_list",
        sa.Column("customer_id", sa.String(), nullable=False),
        key=("customer_id",),
        sqlite_with_rowid=False,
    )
    _create(
        "segment_membership",
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger()),
        key=("customer_id", "valid_from"),
    )
    op.create_index("ix_segment_membership_customer", "segment_membership", ["operator_id", "customer_id"])
    op.create_index(
        "ix_segment_membership_open", "segment_membership", [*KEYS, "customer_id"],
        unique=True, sqlite_where=OPEN, postgresql_where=OPEN,
    )  # fmt: skip
    _create(
        "segment_refresh",
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("refreshed_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.Column("left_count", sa.Integer(), nullable=False),
        key=("as_of", "version"),
    )


def downgrade() -> None:
    for table in ("refresh", "membership", "list", "version"):
        op.drop_table(f"segment_{table}")
    op.drop_table("segment")


def _create(name: str, *columns: sa.Column, key: tuple[str, ...], **more: bool) -> None:
    op.create_table(
        name,
        *(sa.Column(column, sa.String(), nullable=False) for column in KEYS),
        *columns,
        sa.PrimaryKeyConstraint(*KEYS, *key),
        sa.ForeignKeyConstraint(KEYS, [f"segment.{column}" for column in KEYS], ondelete="CASCADE"),
        **more,
    )
