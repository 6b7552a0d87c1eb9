"""What became of an event that was put aside."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("kind", sa.String(), nullable=False, server_default=""))
    op.add_column("quarantine", sa.Column("deliveries", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("quarantine", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("quarantine", sa.Column("resolved_at", sa.BigInteger()))
    op.add_column("quarantine", sa.Column("resolution", sa.Text()))
    op.add_column("quarantine", sa.Column("resolved_event_id", sa.String()))
    is_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "ix_quarantine_open",
        "quarantine",
        ["operator_id", "kind"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_quarantine_received_at", "quarantine", ["received_at", "fingerprint"])


def downgrade() -> None:
    op.drop_index("ix_quarantine_received_at", "quarantine")
    op.drop_index("ix_quarantine_open", "quarantine")
    for column in ("resolved_event_id", "resolution", "resolved_at", "attempts", "deliveries", "kind"):
        op.drop_column("quarantine", column)
