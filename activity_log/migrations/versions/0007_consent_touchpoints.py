"""The touchpoints that are consents, found without walking all of an operator's."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

CONSENTS = sa.text("type IN ('ConsentGranted', 'ConsentRevoked')")


def upgrade() -> None:
    op.create_index(
        "ix_touchpoint_consent",
        "touchpoint",
        ["operator_id", "customer_id", "seq"],
        sqlite_where=CONSENTS,
        postgresql_where=CONSENTS,
    )


def downgrade() -> None:
    op.drop_index("ix_touchpoint_consent", "touchpoint")
