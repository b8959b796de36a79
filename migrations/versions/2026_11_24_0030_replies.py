"""replies and backfills

Deploy: pre (works with the previous release still running).
Revision: 0004, follows 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KINDS = "'profile', 'account', 'audience', 'media', 'stories', 'tags', 'online_followers', 'comments', 'competitors', 'hashtags'"


def upgrade() -> None:
    _create_backfills()
    _create_replies()
    # Nullable and without a default: no row is rewritten. NOT VALID spares the scan under the lock that writers wait
    # for; VALIDATE reads the table beside them.
    op.add_column("harvest_runs", sa.Column("backfill_id", sa.BigInteger(), nullable=True))
    op.execute(
        "ALTER TABLE harvest_runs ADD CONSTRAINT fk_harvest_runs_backfill_id_backfills "
        "FOREIGN KEY (backfill_id) REFERENCES backfills (id) NOT VALID"
    )
    op.execute("ALTER TABLE harvest_runs VALIDATE CONSTRAINT fk_harvest_runs_backfill_id_backfills")


def downgrade() -> None:
    op.drop_column("harvest_runs", "backfill_id")
    op.drop_table("replies")
    op.drop_table("backfills")


def _create_backfills() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "cursor", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("progress", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_claim_columns(),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_backfills_kind")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_backfills_progress")),
        sa.CheckConstraint(
            "finished_at IS NOT NULL OR next_action_at IS NOT NULL", name=op.f("ck_backfills_open_is_owed")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_backfills_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfills")),
    )
    op.create_index(
        "uq_backfills_open",
        "backfills",
        ["account_id", "kind"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    _claim_indexes("backfills")


def _create_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("mention_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("comment_id", sa.Text(), nullable=True),
        sa.Column("sends", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reads", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("intent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        *_claim_columns(),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'unknown', 'sent', 'failed', 'needs_review')",
            name=op.f("ck_replies_state"),
        ),
        sa.CheckConstraint(
            "state <> 'sent' OR comment_id IS NOT NULL OR settled_by = 'person'", name=op.f("ck_replies_sent_has_id")
        ),
        sa.CheckConstraint(
            "state NOT IN ('queued', 'sending', 'unknown') OR next_action_at IS NOT NULL",
            name=op.f("ck_replies_open_is_owed"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_replies_account_id_accounts")),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_replies_mention_id_mentions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
    )
    op.create_index(
        "uq_replies_number",
        "replies",
        ["mention_id", "number"],
        unique=True,
        postgresql_where=sa.text("state <> 'failed'"),
    )
    _claim_indexes("replies")


def _claim_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
    ]


def _claim_indexes(table: str) -> None:
    for name, columns, column in (
        ("due", ["next_action_at", "id"], "next_action_at"),
        ("leased", ["leased_until"], "leased_until"),
    ):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{name}", table, columns, unique=False, postgresql_where=where)
