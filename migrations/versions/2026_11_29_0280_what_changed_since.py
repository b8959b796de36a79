"""indexes for what was read whole: backfills of an account, media and comments that have changed since a time; the days
of `coverage` worked out once

Deploy: pre (works with the previous release still running).
Revision: 0028, follows 0027.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_backfills_account_id_kind": "backfills (account_id, kind)",
    "ix_media_latest_captured_at": "media_latest (captured_at)",
    "ix_comments_changed_at": "comments (changed_at) WHERE changed_at IS NOT NULL",
}
# Whoever asks works out the days and their bounds once, and not for each account and kind anew.
_DAYS_ONCE = """
    DO $$ BEGIN
        EXECUTE 'CREATE OR REPLACE VIEW coverage AS '
             || replace(pg_get_viewdef('coverage'::regclass), '{}', '{}');
    END $$
"""


def upgrade() -> None:
    op.execute(_DAYS_ONCE.format("AS NOT MATERIALIZED", "AS MATERIALIZED"))
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")  # for transactions that are open: nobody waits behind it
        for name, target in _INDEXES.items():
            # Half-built by an upgrade that was interrupted, it is made anew.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {target}")
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    op.execute(_DAYS_ONCE.format("AS MATERIALIZED", "AS NOT MATERIALIZED"))
    for name in _INDEXES:
        op.execute(f"DROP INDEX {name}")
