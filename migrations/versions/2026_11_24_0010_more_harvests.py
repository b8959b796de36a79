"""more harvests: online followers, comments, competitors, hashtags, and raw answers

Deploy: pre (works with the previous release still running: it neither plans the new kinds nor sees the new tables).
Revision: 0002, follows 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OLD_KINDS = ("profile", "account", "audience", "media", "stories", "tags")
_NEW_KINDS = ("online_followers", "comments", "competitors", "hashtags")
_HISTORY = ("competitor_observations", "public_media_snapshots", "hashtag_tops")
_COUNTS = ("like_count", "comments_count", "view_count")


def upgrade() -> None:
    _allow_kinds((*_OLD_KINDS, *_NEW_KINDS))
    op.create_table(
        "watches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ig_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('competitor', 'hashtag')", name=op.f("ck_watches_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_watches_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
        sa.UniqueConstraint("account_id", "kind", "name", name=op.f("uq_watches_account_id_kind_name")),
    )
    _competitors()
    _public_media()
    _hashtags()
    op.create_table(
        "raw_answers",
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("captured_at", "run_id", "number", name=op.f("pk_raw_answers")),
        postgresql_partition_by="RANGE (captured_at)",
    )
    # Written compressed: Postgres must not spend its time on compressing it once more.
    op.execute("ALTER TABLE raw_answers ALTER COLUMN body SET STORAGE EXTERNAL")
    for table in (*_HISTORY, "raw_answers"):
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    for table in _HISTORY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION pressrun_append_only()"
        )


def _competitors() -> None:
    op.create_table(
        "competitor_observations",
        sa.Column("watch_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("watch_id", "metric", "captured_at", name=op.f("pk_competitor_observations")),
        postgresql_partition_by="RANGE (captured_at)",
    )
    _by_time("competitor_observations")
    op.create_table(
        "competitor_latest",
        sa.Column("watch_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name=op.f("fk_competitor_latest_watch_id_watches")),
        sa.PrimaryKeyConstraint("watch_id", "metric", name=op.f("pk_competitor_latest")),
    )


def _public_media() -> None:
    op.create_table(
        "public_media",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("watch_id", sa.BigInteger(), nullable=False),
        sa.Column("ig_id", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("caption", sa.Text(), nullable=True),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name=op.f("fk_public_media_watch_id_watches")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_media")),
        sa.UniqueConstraint("watch_id", "ig_id", name=op.f("uq_public_media_watch_id_ig_id")),
    )
    op.create_index("ix_public_media_watch_id_posted_at", "public_media", ["watch_id", "posted_at"], unique=False)
    op.create_table(
        "public_media_snapshots",
        sa.Column("public_media_id", sa.BigInteger(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _COUNTS),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("public_media_id", "captured_at", name=op.f("pk_public_media_snapshots")),
        postgresql_partition_by="RANGE (captured_at)",
    )
    _by_time("public_media_snapshots")
    op.create_table(
        "public_media_latest",
        sa.Column("public_media_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _COUNTS),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["public_media_id"], ["public_media.id"], name=op.f("fk_public_media_latest_public_media_id_public_media")
        ),
        sa.PrimaryKeyConstraint("public_media_id", name=op.f("pk_public_media_latest")),
    )


def _hashtags() -> None:
    op.create_table(
        "hashtag_searches",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("searched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_hashtag_searches_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_hashtag_searches")),
    )
    op.create_table(
        "hashtag_tops",
        sa.Column("watch_id", sa.BigInteger(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ig_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("watch_id", "captured_at", name=op.f("pk_hashtag_tops")),
        postgresql_partition_by="RANGE (captured_at)",
    )
    _by_time("hashtag_tops")


def _by_time(table: str) -> None:
    op.create_index(f"ix_{table}_captured_at", table, ["captured_at"], unique=False, postgresql_using="brin")


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    # One row per account and kind: checking them all is quick, and locks no longer than the two statements take.
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        f"ALTER TABLE harvests DROP CONSTRAINT ck_harvests_kind, ADD CONSTRAINT ck_harvests_kind CHECK (kind IN ({listed}))"
    )


def downgrade() -> None:
    op.drop_table("raw_answers")
    for table in ("hashtag_tops", "hashtag_searches", "public_media_latest", "public_media_snapshots", "public_media"):
        op.drop_table(table)
    for table in ("competitor_latest", "competitor_observations", "watches"):
        op.drop_table(table)
    unknown = ", ".join(f"'{kind}'" for kind in _NEW_KINDS)
    op.execute(
        f"DELETE FROM harvest_runs r USING harvests h WHERE h.id = r.harvest_id AND h.kind IN ({unknown})"  # noqa: S608
    )
    op.execute(f"DELETE FROM harvests WHERE kind IN ({unknown})")  # noqa: S608
    _allow_kinds(_OLD_KINDS)
