"""The ledger, the gate's leftovers and the first read models."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = """
CREATE TRIGGER event_refuses_{verb} BEFORE {verb} ON event
BEGIN SELECT RAISE(ABORT, 'the activity log is append-only'); END
"""

# INSERT OR REPLACE deletes without asking the DELETE trigger
NO_REPLACEMENT = """
CREATE TRIGGER event_refuses_REPLACE BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM event WHERE operator_id = NEW.operator_id AND event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'the activity log is append-only'); END
"""


def upgrade() -> None:
    op.create_table(
        "departure",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("departure_id", sa.String(), nullable=False),
        sa.Column("tour_id", sa.String(), nullable=False),
        sa.Column("departs_on", sa.String(), nullable=False),
        sa.Column("boarding_point_ids", sa.Text(), nullable=False),
        sa.Column("seats_total", sa.Integer(), nullable=False),
        sa.Column("seats_left", sa.Integer(), nullable=False),
        sa.Column("price", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "departure_id"),
    )
    op.create_index(
        "ix_departure_operator_id_departs_on", "departure", ["operator_id", "departs_on"], unique=False
    )
    op.create_table(
        "discarded",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "event_id"),
    )
    op.create_table(
        "merge",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("surviving_customer_id", sa.String(), nullable=False),
        sa.Column("merged_customer_id", sa.String(), nullable=False),
        sa.Column("effective_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "event_id"),
    )
    op.create_index("ix_merge_surviving", "merge", ["operator_id", "surviving_customer_id"], unique=False)
    op.create_index("ix_merge_merged", "merge", ["operator_id", "merged_customer_id"], unique=False)
    op.create_table(
        "operator",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("undated", sa.Boolean(), nullable=False),
        sa.Column("pseudonym_key", sa.LargeBinary(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id"),
    )
    op.create_table(
        "person_profile",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("person_profile_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.String(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("dietary_needs", sa.Text(), nullable=True),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("marketing_consent", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "person_profile_id"),
        sa.UniqueConstraint("operator_id", "customer_id", name="uq_person_profile_customer"),
    )
    op.create_table(
        "quarantine",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_table(
        "touchpoint",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "customer_id", "occurred_at", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tour",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("tour_id", sa.String(), nullable=False),
        sa.Column("family_id", sa.String(), nullable=False),
        sa.Column("name_de", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("nights", sa.Integer(), nullable=False),
        sa.Column("price_from", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "tour_id"),
    )
    op.create_table(
        "event",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data_version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operator.operator_id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("operator_id", "event_id", name="uq_event_operator_id_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_operator_id_seq", "event", ["operator_id", "seq"], unique=False)
    catalogue = sa.text("type IN ('TourPublished', 'DepartureScheduled', 'DepartureUpdated')")
    op.create_index(
        "ix_event_catalogue",
        "event",
        ["operator_id", "seq"],
        unique=False,
        sqlite_where=catalogue,
        postgresql_where=catalogue,
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(APPEND_ONLY.format(verb=verb))
    op.execute(NO_REPLACEMENT)


def downgrade() -> None:
    for table in (
        "touchpoint",
        "tour",
        "departure",
        "merge",
        "person_profile",
        "quarantine",
        "discarded",
        "event",
        "operator",
    ):
        op.drop_table(table)
