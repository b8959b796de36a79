"""views for people, as-of functions, what retention has dropped

Deploy: pre (works with the previous release still running).
Revision: 0003, follows 0002.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

import migrations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Files of a release are never edited: a changed view gets a file of its own, in a revision of its own.
_FILES = (
    "account_daily",
    "account_daily_as_of",
    "media_curve",
    "media_totals",
    "media_totals_as_of",
    "story_final",
    "audience",
    "follower_growth",
)
_VIEWS = ("story_final", "media_totals", "media_curve", "account_daily", "audience", "follower_growth")
_DAY = "((period_end AT TIME ZONE 'America/Los_Angeles' - interval '1 second')::date)"


def upgrade() -> None:
    _add_indexes()
    op.create_table(
        "dropped_months",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "since", name=op.f("pk_dropped_months")),
    )
    for name in _FILES:
        op.execute((Path(migrations.__file__).parent / "views" / f"{name}.sql").read_text(encoding="utf-8"))


def _add_indexes() -> None:
    """Before all else, and so that it can be run again: what is built concurrently is in no transaction."""
    with op.get_context().autocommit_block():
        # Harvests write meanwhile. A large table takes its time, and the wait for older transactions blocks nobody.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        for name, target in (
            ("ix_account_latest_day", f"account_latest ({_DAY}, account_id) WHERE period = 'day'"),
            ("ix_media_ig_id", "media (ig_id)"),
        ):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {target}")
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    op.drop_index("ix_media_ig_id", table_name="media")
    op.drop_index("ix_account_latest_day", table_name="account_latest")
    for name in _VIEWS:
        op.execute(f"DROP VIEW {name}")
        op.execute(f"DROP FUNCTION {name}_as_of(timestamptz)")
    op.drop_table("dropped_months")
