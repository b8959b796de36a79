"""the words that a container was made with

Deploy: pre (works with the previous release still running, which leaves them empty: its posts go the long way).
Revision: 0018, follows 0017.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nullable and without a default: no row is rewritten.
    op.execute("ALTER TABLE containers ADD COLUMN words text")


def downgrade() -> None:
    op.execute("ALTER TABLE containers DROP COLUMN words")
