"""conversions: files that are made right, and which posts need them

Deploy: pre (works with the previous release still running, which asks for none).
Revision: 0027, follows 0026.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_COLUMNS = (("parts", "conversion_id"), ("posts", "cover_conversion_id"))


def upgrade() -> None:
    op.create_table(
        "conversions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("source_sha256", sa.Text(), nullable=False),
        sa.Column("recipe", sa.dialects.postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("recipe_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'asked'"), nullable=False),
        sa.Column("result_sha256", sa.Text(), nullable=True),
        sa.Column("result_extension", sa.Text(), nullable=True),
        sa.Column("made", sa.dialects.postgresql.JSONB(), nullable=True),
        sa.Column("probe", sa.dialects.postgresql.JSONB(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("holder", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        *_checks(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversions")),
        sa.UniqueConstraint("source_sha256", "recipe_key", name=op.f("uq_conversions_source_sha256_recipe_key")),
        if_not_exists=True,
    )
    for name, columns in (("due", ["next_action_at", "id"]), ("leased", ["leased_until"])):
        where = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(f"ix_conversions_{name}", "conversions", columns, postgresql_where=where, if_not_exists=True)
    # Nullable and without a default: no row is rewritten. NOT VALID spares the scan under the lock that writers wait
    # for. All of it may be run again: what follows is in no transaction with it.
    for table, column in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} bigint")
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {_key(table, column)}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {_key(table, column)} FOREIGN KEY ({column})"
            " REFERENCES conversions (id) NOT VALID"
        )
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        for table, column in _COLUMNS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {_key(table, column)}")
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_{table}_{column}")
            op.execute(
                f"CREATE INDEX CONCURRENTLY ix_{table}_{column} ON {table} ({column}) WHERE {column} IS NOT NULL"
            )
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    for table, column in _COLUMNS:
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.drop_table("conversions")


def _key(table: str, column: str) -> str:
    return f"fk_{table}_{column}_conversions"


def _checks() -> list[sa.CheckConstraint]:
    conditions = {
        "state": "state IN ('asked', 'done', 'failed')",
        "asked_is_owed": "state <> 'asked' OR next_action_at IS NOT NULL",
        "done_has_result": "state <> 'done' OR num_nulls(result_sha256, result_extension, made) = 0",
        "failed_says_why": "state <> 'failed' OR error IS NOT NULL",
    }
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_conversions_{name}")) for name, condition in conditions.items()
    ]
