"""standing of accounts: blocks, a pause of reading, a refused token, a second token; runs that cover

Deploy: pre (works with the previous release still running).
Revision: 0010, follows 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BARE = "token_sealed IS NULL AND {}settled_at IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("suspected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_blocks_account_id_accounts")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_blocks_attempt_id_attempts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    op.create_index("ix_blocks_account_id_until", "blocks", ["account_id", "until"], unique=False)
    no = sa.text("false")
    op.add_column("accounts", sa.Column("is_reading_paused", sa.Boolean(), server_default=no, nullable=False))
    op.add_column("accounts", sa.Column("token_refused", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("user_token_sealed", sa.Text(), nullable=True))
    # Until now a pause stopped reading as well: whoever asked for one keeps what they asked for.
    op.execute("UPDATE accounts SET is_reading_paused = true WHERE state = 'paused'")
    op.execute("UPDATE accounts SET token_refused = coalesce(state_reason, '') WHERE state = 'broken'")
    op.add_column("harvest_runs", sa.Column("covers", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("connections", sa.Column("user_token_sealed", sa.Text(), nullable=True))
    _replace_check(_BARE.format("user_token_sealed IS NULL AND "))


def downgrade() -> None:
    _replace_check(_BARE.format(""))
    op.drop_column("connections", "user_token_sealed")
    op.drop_column("harvest_runs", "covers")
    for name in ("user_token_sealed", "token_refused", "is_reading_paused"):
        op.drop_column("accounts", name)
    op.drop_table("blocks")


def _replace_check(bare: str) -> None:
    op.drop_constraint(op.f("ck_connections_settled_is_bare"), "connections", type_="check")
    op.create_check_constraint(op.f("ck_connections_settled_is_bare"), "connections", f"state = 'asked' OR {bare}")
