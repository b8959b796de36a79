"""what of the past was read: covered days, gaps of harvests, the view coverage

Deploy: pre (works with the previous release still running; what that one reads meanwhile is read again by this one).
Revision: 0013, follows 0012.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

import migrations

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# A day is as old as the oldest reading of its two main numbers. What is not known to be read is read again, or is lost.
_FILL_DAYS = """
    INSERT INTO covered_days (account_id, day, period_end, read_at, points)
    SELECT l.account_id, (l.period_end AT TIME ZONE 'America/Los_Angeles' - interval '1 second')::date,
           max(l.period_end), min(l.last_checked_at), count(*)
      FROM account_latest l
     WHERE l.account_id = :account_id AND l.metric IN ('reach', 'views') AND l.period = 'day' AND l.breakdown = ''
     GROUP BY 1, 2
    ON CONFLICT DO NOTHING
"""
_FILL_GAPS = """
    INSERT INTO harvest_gaps (account_id, kind, since, until, why)
    SELECT h.account_id, h.kind, g.since, g.until, 'no run came through'
      FROM harvests h
      JOIN accounts a ON a.id = h.account_id
     CROSS JOIN LATERAL (
            SELECT coalesce(lag(r.finished_at) OVER (ORDER BY r.finished_at), a.created_at) AS since,
                   r.finished_at AS until
              FROM harvest_runs r
             WHERE r.harvest_id = h.id AND r.status IN ('done', 'partial') AND r.covers
               AND r.backfill_id IS NULL AND r.finished_at IS NOT NULL) g
     WHERE h.id = :harvest_id
       AND CASE WHEN h.kind = 'stories' THEN g.until - g.since > interval '24 hours'
                ELSE (date_trunc('day', g.since AT TIME ZONE 'America/Los_Angeles') + interval '2 days')
                     AT TIME ZONE 'America/Los_Angeles' <= g.until END
    ON CONFLICT DO NOTHING
"""
# The days that Instagram still tells and nobody has read: from the first one on.
_HEAL = """
    INSERT INTO backfills (account_id, kind, since, cursor, next_action_at)
    SELECT a.id, 'account', m.since, '{"only": "owed"}', now()
      FROM accounts a
      JOIN harvests h ON h.account_id = a.id AND h.kind = 'account' AND h.covered_at IS NOT NULL
     CROSS JOIN LATERAL (
            SELECT min(t.at AT TIME ZONE 'America/Los_Angeles') AS since
              FROM generate_series(
                       date_trunc('day', greatest(a.created_at, now() - interval '89 days')
                                         AT TIME ZONE 'America/Los_Angeles'),
                       h.covered_at AT TIME ZONE 'America/Los_Angeles' - interval '1 day', interval '1 day') AS t(at)
             WHERE NOT EXISTS (SELECT FROM covered_days c WHERE c.account_id = a.id AND c.day = t.at::date)) m
     WHERE m.since IS NOT NULL
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.create_table(
        "covered_days",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("unread", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("refused", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_covered_days_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "day", name=op.f("pk_covered_days")),
        if_not_exists=True,
    )
    op.create_table(
        "harvest_gaps",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_harvest_gaps_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "kind", "until", name=op.f("pk_harvest_gaps")),
        if_not_exists=True,
    )
    _fill()
    op.execute((Path(migrations.__file__).parent / "views" / "coverage.sql").read_text(encoding="utf-8"))


def _fill() -> None:
    """Account by account, harvest by harvest: each statement reads by an index, and holds nobody up."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        connection = op.get_bind()
        for account_id in connection.execute(sa.text("SELECT id FROM accounts ORDER BY id")).scalars().all():
            connection.execute(sa.text(_FILL_DAYS), {"account_id": account_id})
        of_gaps = sa.text("SELECT id FROM harvests WHERE kind <> 'account' ORDER BY id")
        for harvest_id in connection.execute(of_gaps).scalars().all():
            connection.execute(sa.text(_FILL_GAPS), {"harvest_id": harvest_id})
        connection.execute(sa.text(_HEAL))
        op.execute("SET statement_timeout = '60s'")


def downgrade() -> None:
    op.execute("DROP VIEW coverage")
    op.execute("DROP FUNCTION pressrun_utc(timestamptz)")
    op.drop_table("harvest_gaps")
    op.drop_table("covered_days")
