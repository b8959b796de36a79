"""notices of a live post that lacks something, and of comments that a person has to decide

Deploy: pre (works with the previous release still running, which tells neither).
Revision: 0032, follows 0031.
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_OLD = (
    "post.published",
    "post.failed",
    "post.expired",
    "post.needs_review",
    "post.late",
    "quota.full",
    "account.broken",
    "account.blocked",
    "account.silent",
    "token.ends",
    "coverage.lost",
    "metric.refused",
    "queue.silent",
    "scheduler.silent",
    "endpoint.parked",
    "test",
)
_NEW = (*_OLD[:5], "post.incomplete", "comment.needs_review", *_OLD[5:])
_TABLES = ("notices", "notice_rules")


def _allow(table: str, kinds: tuple[str, ...]) -> None:
    # NOT VALID spares the scan under the lock that writers wait for.
    listed = ", ".join(repr(kind) for kind in kinds)
    name = f"ck_{table}_kind"
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name},"
        f" ADD CONSTRAINT {name} CHECK (kind IN ({listed})) NOT VALID"
    )


def upgrade() -> None:
    # Each statement is a transaction of its own: whoever publishes tells of it, and shall not wait for both tables.
    with op.get_context().autocommit_block():
        for table in _TABLES:
            _allow(table, _NEW)
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_kind")
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    op.execute("DELETE FROM notice_rules WHERE kind IN ('post.incomplete', 'comment.needs_review')")
    # What was told stays told: a person has to look at either.
    told = "kind IN ('post.incomplete', 'comment.needs_review')"
    op.execute(f"UPDATE notices SET kind = 'post.needs_review' WHERE {told}")  # noqa: S608 - a constant
    for table in _TABLES:
        _allow(table, _OLD)
