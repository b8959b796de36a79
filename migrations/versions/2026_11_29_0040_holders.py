"""who holds a claimed row

Deploy: pre (works with the previous release still running: its workers note no holder, and their rows wait for the end
of the lease as before).
Revision: 0009, follows 0008.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("posts", "connections", "harvests", "inbox_events", "replies", "backfills")


def upgrade() -> None:
    # Nullable and without a default: no row is rewritten. Each table by itself: all of them are claimed from at any
    # moment, and none need wait, locked, for the next. IF NOT EXISTS: an upgrade that was interrupted begins again here.
    with op.get_context().autocommit_block():
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS holder integer")


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN holder")
