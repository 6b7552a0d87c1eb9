"""The ledger, the keys, the gate's leftovers and the read models."""

import sqlalchemy as sa
from alembic import op

from activity_log import schema

revision = "0001"
down_revision = None

GUARDED = ("event", "event_key")
MESSAGE = "the activity log is append-only"


def upgrade() -> None:
    bind = op.get_bind()
    tables = [table for table in vars(schema).values() if isinstance(table, sa.Table)]
    postgresql = bind.dialect.name == "postgresql"
    if postgresql:
        tables.remove(schema.event)
        _partitioned_event()
    schema.metadata.create_all(bind, tables=tables)
    _guard_postgresql() if postgresql else _guard_sqlite()


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
    op.execute(
        f"CREATE INDEX ix_event_sealed_for ON event (operator_id, sealed_for) WHERE {schema.IS_SEALED}"
    )
    op.execute(
        f"CREATE INDEX ix_event_catalogue ON event (operator_id, seq) WHERE {schema.IS_CATALOGUE_EVENT}"
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
