"""The ledger, the keys, what waits at the gate, and the read models."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CATALOGUE = "type IN ('TourPublished', 'DepartureScheduled', 'DepartureUpdated')"
SEALED = "sealed_for IS NOT NULL"
GUARDED = ("event", "event_key")
MESSAGE = "the activity log is append-only"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    _ledger()
    _partitioned_event() if postgresql else _event()
    _read_models()
    _guard_postgresql() if postgresql else _guard_sqlite()


def _ledger() -> None:
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
        "event_key",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("seq", SEQ, nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "event_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person_key",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("person_profile_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("operator_id", "person_profile_id"),
    )
    op.create_table(
        "file_progress",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_table(
        "privacy_procedure",
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("opened_at"),
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
        "intake",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "way", "outcome"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_event_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_index(
        "ix_quarantine_open",
        "quarantine",
        ["operator_id", "kind"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index("ix_quarantine_received_at", "quarantine", ["received_at", "fingerprint"], unique=False)


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("seq", SEQ, autoincrement=False, nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data_version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("sealed_for", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_event_operator_id_seq", "event", ["operator_id", "seq"], unique=False)
    op.create_index(  # after the wider one: of two that would do, SQLite takes the later
        "ix_event_catalogue",
        "event",
        ["operator_id", "seq"],
        unique=False,
        sqlite_where=sa.text("type IN ('TourPublished', 'DepartureScheduled', 'DepartureUpdated')"),
        postgresql_where=sa.text("type IN ('TourPublished', 'DepartureScheduled', 'DepartureUpdated')"),
    )
    op.create_index(
        "ix_event_sealed_for",
        "event",
        ["operator_id", "sealed_for"],
        unique=False,
        sqlite_where=sa.text("sealed_for IS NOT NULL"),
        postgresql_where=sa.text("sealed_for IS NOT NULL"),
    )


def _partitioned_event() -> None:
    op.execute(
        """
        CREATE TABLE event (
            seq BIGINT NOT NULL,
            operator_id VARCHAR NOT NULL,
            event_id VARCHAR NOT NULL,
            source VARCHAR NOT NULL,
            type VARCHAR NOT NULL,
            data_version INTEGER NOT NULL,
            occurred_at BIGINT NOT NULL,
            recorded_at BIGINT NOT NULL,
            data TEXT NOT NULL,
            sealed_for VARCHAR,
            sealed BYTEA,
            PRIMARY KEY (seq, recorded_at)
        ) PARTITION BY RANGE (recorded_at)
        """
    )
    op.execute("CREATE INDEX ix_event_operator_id_seq ON event (operator_id, seq)")
    op.execute(f"CREATE INDEX ix_event_sealed_for ON event (operator_id, sealed_for) WHERE {SEALED}")
    op.execute(f"CREATE INDEX ix_event_catalogue ON event (operator_id, seq) WHERE {CATALOGUE}")


def _read_models() -> None:
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
        "touchpoint",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
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
        "identity_link",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("surviving_customer_id", sa.String(), nullable=False),
        sa.Column("merged_customer_id", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("effective_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "event_id"),
    )
    op.create_index(
        "ix_identity_link_merged", "identity_link", ["operator_id", "merged_customer_id"], unique=False
    )
    op.create_index(
        "ix_identity_link_surviving", "identity_link", ["operator_id", "surviving_customer_id"], unique=False
    )
    op.create_table(
        "booking",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("booking_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("tour_id", sa.String(), nullable=False),
        sa.Column("departure_id", sa.String(), nullable=False),
        sa.Column("departure_date", sa.String(), nullable=False),
        sa.Column("amount", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("sales_channel", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "booking_id"),
    )
    op.create_index("ix_booking_customer", "booking", ["operator_id", "customer_id"], unique=False)
    op.create_table(
        "party_member",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("booking_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("seat_position", sa.Text(), nullable=True),
        sa.Column("boarding_point_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("operator_id", "booking_id", "event_id", "place"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_party_member_customer", "party_member", ["operator_id", "customer_id"], unique=False)
    op.create_table(
        "cancellation",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("booking_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("refund_amount", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "booking_id"),
    )
    op.create_table(
        "no_show",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("booking_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "booking_id", "customer_id"),
    )
    op.create_table(
        "conversation",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.Column("nps", sa.Integer(), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "conversation_id"),
    )
    op.create_index("ix_conversation_customer", "conversation", ["operator_id", "customer_id"], unique=False)
    op.create_table(
        "projection_state",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("operator_id", "name"),
    )


def _guard_sqlite() -> None:
    open_procedure = "EXISTS (SELECT 1 FROM privacy_procedure)"
    for table in GUARDED:
        for verb in ("UPDATE", "DELETE"):
            # the privacy procedure may seal anew, nothing else
            unless = f"WHEN NOT {open_procedure}" if (table, verb) == ("event", "UPDATE") else ""
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} {unless} "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )
    kept = (
        "seq",
        "operator_id",
        "event_id",
        "source",
        "type",
        "data_version",
        "occurred_at",
        "recorded_at",
        "data",
        "sealed_for",
    )
    op.execute(
        f"CREATE TRIGGER event_keeps_facts BEFORE UPDATE OF {', '.join(kept)} ON event "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
    # INSERT OR REPLACE deletes without asking the DELETE trigger; a key that is there stays, whoever asks
    op.execute(
        "CREATE TRIGGER event_key_ignores_REPLACE BEFORE INSERT ON event_key "
        "WHEN EXISTS (SELECT 1 FROM event_key WHERE operator_id = NEW.operator_id AND event_id = NEW.event_id) "
        "BEGIN SELECT RAISE(IGNORE); END"
    )
    op.execute(
        "CREATE TRIGGER event_refuses_REPLACE BEFORE INSERT ON event "
        "WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq) "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        f"""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{MESSAGE}';
        END $$
        """
    )
    op.execute(
        f"""
        CREATE FUNCTION refuse_change_of_event() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE before_it event := OLD; after_it event := NEW;
        BEGIN
            before_it.sealed := NULL;
            after_it.sealed := NULL;
            IF before_it IS DISTINCT FROM after_it OR NOT EXISTS (SELECT 1 FROM privacy_procedure) THEN
                RAISE EXCEPTION '{MESSAGE}';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER event_refuses_update BEFORE UPDATE ON event "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_event()"
    )
    for table, verb in (("event", "DELETE"), ("event_key", "UPDATE"), ("event_key", "DELETE")):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("the first revision: drop the database instead")
