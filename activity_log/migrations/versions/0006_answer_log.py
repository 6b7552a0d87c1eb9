"""What was recommended to whom, kept apart from the log: nothing is rebuilt from it, and old answers are dropped."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("recommendation_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String()),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("model", sa.String()),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("generated_at", sa.BigInteger(), nullable=False),
        sa.Column("features_at", sa.BigInteger()),
        sa.Column("items", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "recommendation_id"),
    )
    op.create_index("ix_answer_customer", "answer", ["operator_id", "customer_id"])


def downgrade() -> None:
    op.drop_table("answer")
