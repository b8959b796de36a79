"""comments in the order in which they were written

Deploy: pre (works with the previous release still running).
Revision: 0034, follows 0032.
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_comments_written_at")
        target = "comments ((coalesce(commented_at, first_seen_at)), id)"
        op.execute(f"CREATE INDEX CONCURRENTLY ix_comments_written_at ON {target}")
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_comments_written_at")
