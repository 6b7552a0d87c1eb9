"""The outbox: messages, destinations and deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

PENDING = sa.text("state = 'pending'")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outbox_message",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), sa.ForeignKey("operator.operator_id"), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data_version", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_message_written_at", "outbox_message", ["written_at"])
    op.create_table(
        "outbox_destination",
        sa.Column("destination_id", sa.String(), primary_key=True),
        sa.Column("operator_id", sa.String(), sa.ForeignKey("operator.operator_id")),
        sa.Column("url", sa.Text()),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary()),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
    )
    _create_deliveries()


def _create_deliveries() -> None:
    op.create_table(
        "outbox_delivery",
        sa.Column(
            "destination_id",
            sa.String(),
            sa.ForeignKey("outbox_destination.destination_id"),
            nullable=False,
        ),
        sa.Column("position", POSITION, sa.ForeignKey("outbox_message.position"), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.String()),
        sa.Column("problem", sa.Text()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("destination_id", "position"),
    )
    op.create_index("ix_outbox_delivery_position", "outbox_delivery", ["position"])
    for name, columns in (
        ("ix_outbox_delivery_due", ["destination_id", "due_at", "position"]),
        ("ix_outbox_delivery_customer", ["destination_id", "customer_id", "position"]),
    ):
        op.create_index(name, "outbox_delivery", columns, sqlite_where=PENDING, postgresql_where=PENDING)


def downgrade() -> None:
    for table in ("outbox_delivery", "outbox_destination", "outbox_message"):
        op.drop_table(table)
