"""what was said of a token when it was given out, and looks at webhooks that somebody waits for

Deploy: pre (works with the previous release still running, which leaves these columns empty).
Revision: 0029, follows 0028.
"""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_COLUMNS = {
    "connections": (
        "token_kind text",
        "token_expires_at timestamptz",
        "token_never_ends boolean NOT NULL DEFAULT false",
        "data_access_expires_at timestamptz",
    ),
    "subscriptions": ("asked_at timestamptz", "mended_at timestamptz"),
}


def upgrade() -> None:
    # Nullable, or with a constant default: no row is rewritten.
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}")


def downgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.partition(' ')[0]}")
