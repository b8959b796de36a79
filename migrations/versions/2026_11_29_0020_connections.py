"""connections

Deploy: pre (works with the previous release still running).
Revision: 0007, follows 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KINDS = "'invalid', 'unknown', 'conflict', 'not_possible', 'unreachable', 'refused', 'not_allowed', 'failed'"


def upgrade() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("ig_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("token_sealed", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'asked'"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error_field", sa.Text(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("is_new", sa.Boolean(), nullable=True),
        sa.Column("posts_woken", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        *_checks(),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_connections_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
    )
    for name, columns in (("due", ["next_action_at", "id"]), ("leased", ["leased_until"])):
        where = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(f"ix_connections_{name}", "connections", columns, unique=False, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("connections")


def _checks() -> list[sa.CheckConstraint]:
    conditions = {
        "login": "login IN ('facebook', 'instagram')",
        "state": "state IN ('asked', 'done', 'refused', 'failed')",
        "error_kind": f"error_kind IN ({_KINDS})",
        "asked_is_owed": "state <> 'asked' OR next_action_at IS NOT NULL AND token_sealed IS NOT NULL",
        "settled_is_bare": "state = 'asked' OR token_sealed IS NULL AND settled_at IS NOT NULL",
        "done_has_account": "state <> 'done' OR account_id IS NOT NULL AND is_new IS NOT NULL",
        "ended_says_why": "state NOT IN ('refused', 'failed') OR error IS NOT NULL",
    }
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_connections_{name}")) for name, condition in conditions.items()
    ]
