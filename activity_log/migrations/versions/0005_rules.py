"""Operator rules. Only their end is ever written into a row, once; the database refuses anything else."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

MESSAGE = "a rule is never changed: withdraw it and add another"
KEPT = (
    "operator_id", "rule_id", "kind", "target_kind", "target_id", "position", "factor", "at_most", "valid_from",
    "valid_to", "note", "created_by", "created_at",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "rule",
        sa.Column("operator_id", sa.String(), sa.ForeignKey("operator.operator_id"), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String()),
        sa.Column("target_id", sa.Text()),
        sa.Column("position", sa.Integer()),
        sa.Column("factor", sa.Float()),
        sa.Column("at_most", sa.Integer()),
        sa.Column("valid_from", sa.BigInteger()),
        sa.Column("valid_to", sa.BigInteger()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger()),
        sa.Column("withdrawn_by", sa.Text()),
        sa.Column("replaced_by", sa.Integer()),
        sa.PrimaryKeyConstraint("operator_id", "rule_id"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    op.drop_table("rule")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change_of_rule()")


def _guard_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    op.execute(f"CREATE TRIGGER rule_refuses_DELETE BEFORE DELETE ON rule {refuse}")
    op.execute(f"CREATE TRIGGER rule_keeps_facts BEFORE UPDATE OF {', '.join(KEPT)} ON rule {refuse}")
    op.execute(
        f"CREATE TRIGGER rule_ends_once BEFORE UPDATE ON rule WHEN OLD.withdrawn_at IS NOT NULL {refuse}"
    )
    # INSERT OR REPLACE deletes without asking the DELETE trigger
    op.execute(
        "CREATE TRIGGER rule_refuses_REPLACE BEFORE INSERT ON rule WHEN EXISTS "
        f"(SELECT 1 FROM rule WHERE operator_id = NEW.operator_id AND rule_id = NEW.rule_id) {refuse}"
    )


def _guard_postgresql() -> None:
    old, new = (", ".join(f"{side}.{name}" for name in KEPT) for side in ("OLD", "NEW"))
    op.execute(
        f"""
        CREATE FUNCTION refuse_change_of_rule() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF OLD.withdrawn_at IS NULL AND ({old}) IS NOT DISTINCT FROM ({new}) THEN
                    RETURN NEW;
                END IF;
            END IF;
            RAISE EXCEPTION '{MESSAGE}';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER rule_refuses_change BEFORE UPDATE OR DELETE ON rule "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_rule()"
    )
    op.execute(
        "CREATE TRIGGER rule_refuses_truncate BEFORE TRUNCATE ON rule "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_rule()"
    )
