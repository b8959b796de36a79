"""conversions in the order in which posts need them, how long each took, and what a file was made from

Deploy: pre (works with the previous release still running: what it asks for is needed at once).
Revision: 0030, follows 0029.
"""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_conversions_needed", "(needed_at, id) WHERE next_action_at IS NOT NULL"),
    ("ix_conversions_result_sha256", "(result_sha256) WHERE result_sha256 IS NOT NULL"),
)
# Of those that wait now, the rest is over. Once the columns stand: nobody waits for their lock meanwhile.
_FIRST_NEED = """
    UPDATE conversions c SET needed_at = n.at
      FROM (SELECT x.id, min(x.at) AS at
              FROM (SELECT t.conversion_id AS id, p.publish_at AS at FROM parts t JOIN posts p ON p.id = t.post_id
                     WHERE t.conversion_id IS NOT NULL AND t.dropped_at IS NULL
                       AND p.state IN ('draft', 'scheduled')
                    UNION ALL
                    SELECT p.cover_conversion_id, p.publish_at FROM posts p
                     WHERE p.cover_conversion_id IS NOT NULL AND p.state IN ('draft', 'scheduled')) x
             GROUP BY x.id) n
     WHERE c.id = n.id AND c.state = 'asked'
"""


def upgrade() -> None:
    # A default that is the same for all rows is written into none of them.
    op.execute("ALTER TABLE conversions ADD COLUMN IF NOT EXISTS needed_at timestamptz NOT NULL DEFAULT now()")
    op.execute("ALTER TABLE conversions ADD COLUMN IF NOT EXISTS begun_at timestamptz")
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        op.execute(_FIRST_NEED)
        for name, what in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON conversions {what}")
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    for name, _ in _INDEXES:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    op.execute("ALTER TABLE conversions DROP COLUMN begun_at, DROP COLUMN needed_at")
