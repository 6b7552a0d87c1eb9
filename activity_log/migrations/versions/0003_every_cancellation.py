"""Every cancellation of a booking is kept, as every confirmation is: features ask what was known at a past moment.

A log from before keeps the latest ones; `busflow replay --only bookings` brings the earlier ones back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.rename_table("cancellation", "latest_cancellation")
    _create("event_id")
    op.execute("INSERT INTO cancellation SELECT * FROM latest_cancellation")
    op.drop_table("latest_cancellation")


def downgrade() -> None:
    op.drop_table("cancellation")
    _create()


def _create(*more_keys: str) -> None:
    op.create_table(
        "cancellation",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("booking_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("refund_amount", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "booking_id", *more_keys),
    )
