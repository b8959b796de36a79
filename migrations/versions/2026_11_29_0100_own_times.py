"""a time for each value of a media; days named by the instant at which they ended; the zones that accounts had

Deploy: pre (works with the previous release still running: what its workers read of a media meanwhile is newer than the
time that is said of it, never older).
Revision: 0015, follows 0014.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

import migrations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_DAY = "((period_end AT TIME ZONE 'UTC' - interval '10 hours 30 minutes')::date)"
_OLD_DAY = "((period_end AT TIME ZONE 'America/Los_Angeles' - interval '1 second')::date)"
_FUNCTIONS = ("account_daily_as_of", "media_totals_as_of", "story_final_as_of")
_VIEWS = (
    "account_daily_told",
    "account_daily_as_of_told",
    "media_totals_told",
    "media_totals_as_of_told",
    "story_final_told",
    "follower_growth_zones",
)
_VIEWS_OF_THEN = ("account_daily", "account_daily_as_of", "media_totals", "media_totals_as_of", "story_final")
_GONE = "(SELECT s.gone_at FROM media_states s WHERE s.media_id = m.id)"
_GONE_BEFORE = "(m.extra ->> 'gone_at')::timestamptz"
"""As 0014 found it in the view."""
_AT_ONCE = 50
"""Media of one statement, whose rows it locks until it ends: some hundredths of a second."""

_ZONES = """
    CREATE TABLE IF NOT EXISTS account_zones (
        account_id bigint NOT NULL,
        first_day date NOT NULL,
        timezone text NOT NULL,
        changed_at timestamptz NOT NULL,
        CONSTRAINT pk_account_zones PRIMARY KEY (account_id, first_day),
        CONSTRAINT fk_account_zones_account_id_accounts
            FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
    )
"""
# A trigger and not the callers: whoever changes a zone, be it by hand, must not move the days that have been.
_KEEP_ZONE = """
    CREATE OR REPLACE FUNCTION pressrun_keep_zone() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE running date;
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.timezone IS NOT DISTINCT FROM OLD.timezone THEN
            RETURN NULL;
        END IF;
        BEGIN
            SELECT greatest((now() AT TIME ZONE z.timezone)::date, z.first_day - 1) INTO running
              FROM account_zones z WHERE z.account_id = NEW.id ORDER BY z.first_day DESC LIMIT 1;
        EXCEPTION WHEN invalid_parameter_value THEN  -- a zone that Postgres does not know
            running := (now() AT TIME ZONE 'UTC')::date;
        END;
        INSERT INTO account_zones (account_id, first_day, timezone, changed_at)
        VALUES (NEW.id, coalesce(running + 1, DATE '1970-01-01'), NEW.timezone, now())
        ON CONFLICT (account_id, first_day)
        DO UPDATE SET timezone = excluded.timezone, changed_at = excluded.changed_at;
        RETURN NULL;
    END $$
"""
_FILL_ZONES = """
    INSERT INTO account_zones (account_id, first_day, timezone, changed_at)
    SELECT id, DATE '1970-01-01', timezone, created_at FROM accounts
    ON CONFLICT DO NOTHING
"""
_METRICS = (
    *("reach", "views", "likes", "comments", "saved", "shares", "reposts", "replies", "total_interactions"),
    *("follows", "profile_visits", "avg_watch_time_ms", "total_watch_time_ms"),
)
_TOLD = ", ".join(f"'{name}', p.{name}" for name in _METRICS)
# Of readings that changed nothing no trace was kept: a value was told at its last point, or later. Each row by itself:
# of a column that was added a moment ago Postgres knows nothing, and would gather all points anew for each.
_FILL_TOLD = f"""
    UPDATE media_latest l
       SET told_at = (SELECT jsonb_object_agg(k.name, p.captured_at ORDER BY p.captured_at)
                        FROM media_snapshots p
                       CROSS JOIN LATERAL jsonb_object_keys(
                                 jsonb_strip_nulls(jsonb_build_object({_TOLD})) || coalesce(p.extra, '{{}}')) AS k(name)
                       WHERE p.media_id = l.media_id)
     WHERE l.media_id BETWEEN :first AND :last AND l.told_at IS NULL
"""  # noqa: S608 - constants


def upgrade() -> None:
    # All of it may be run again: what is built concurrently is in no transaction, and an upgrade that was interrupted
    # there begins again here.
    op.execute("ALTER TABLE media_latest ADD COLUMN IF NOT EXISTS told_at jsonb")
    op.execute("ALTER TABLE backfills ADD COLUMN IF NOT EXISTS until timestamptz")
    op.execute(_ZONES)
    op.execute(_KEEP_ZONE)
    op.execute(
        "CREATE OR REPLACE TRIGGER keep_zone AFTER INSERT OR UPDATE OF timezone ON accounts "
        "FOR EACH ROW EXECUTE FUNCTION pressrun_keep_zone()"
    )
    op.execute(_FILL_ZONES)
    _widen_kinds()
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        op.execute("ALTER TABLE backfills VALIDATE CONSTRAINT ck_backfills_kind")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_account_latest_day_of_end")
        target = f"account_latest ({_DAY}, account_id) WHERE period = 'day'"
        op.execute(f"CREATE INDEX CONCURRENTLY ix_account_latest_day_of_end ON {target}")
        _fill_told()
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION IF EXISTS {name}(timestamptz)")
    for name in _VIEWS:
        op.execute(_file(name))
    op.execute("DROP INDEX IF EXISTS ix_account_latest_day")


def downgrade() -> None:
    op.execute(f"CREATE INDEX ix_account_latest_day ON account_latest ({_OLD_DAY}, account_id) WHERE period = 'day'")
    for name in ("story_final", "media_totals", "account_daily", "follower_growth"):
        op.execute(f"DROP VIEW {name}")
    for name in (*_FUNCTIONS, "follower_growth_as_of"):
        op.execute(f"DROP FUNCTION {name}(timestamptz)")
    for name in (*_VIEWS_OF_THEN, "follower_growth"):
        op.execute(_file(name).replace(_GONE_BEFORE, _GONE))
    op.execute("DROP INDEX ix_account_latest_day_of_end")
    op.execute("DROP TRIGGER keep_zone ON accounts")
    op.execute("DROP FUNCTION pressrun_keep_zone()")
    op.execute("DROP TABLE account_zones")
    op.execute("DELETE FROM backfills WHERE kind = 'reread'")
    op.execute("ALTER TABLE backfills DROP CONSTRAINT ck_backfills_kind")
    op.execute(f"ALTER TABLE backfills ADD CONSTRAINT ck_backfills_kind CHECK (kind IN ({_KINDS}))")
    op.execute("ALTER TABLE backfills DROP COLUMN until")
    op.execute("ALTER TABLE media_latest DROP COLUMN told_at")


_KINDS = (
    "'profile', 'account', 'audience', 'media', 'stories', 'tags', 'online_followers', 'comments', "
    "'competitors', 'hashtags'"
)


def _widen_kinds() -> None:
    op.execute("ALTER TABLE backfills DROP CONSTRAINT IF EXISTS ck_backfills_kind")
    # NOT VALID spares the scan under the lock that writers wait for.
    op.execute(f"ALTER TABLE backfills ADD CONSTRAINT ck_backfills_kind CHECK (kind IN ({_KINDS}, 'reread')) NOT VALID")


def _fill_told() -> None:
    connection = op.get_bind()
    page = "SELECT media_id FROM media_latest WHERE media_id > :after ORDER BY media_id LIMIT :most"
    after = 0
    while ids := connection.execute(sa.text(page), {"after": after, "most": _AT_ONCE}).scalars().all():
        connection.execute(sa.text(_FILL_TOLD), {"first": ids[0], "last": ids[-1]})
        after = ids[-1]


def _file(name: str) -> str:
    return (Path(migrations.__file__).parent / "views" / f"{name}.sql").read_text(encoding="utf-8")
