"""what harvests remember of media leaves media.extra; versions of comments; history refuses TRUNCATE

Deploy: pre (works with the previous release still running: its workers no longer find what they remembered, and read
once more what they had read; what they write into media.extra meanwhile stays there and is nobody's).
Revision: 0014, follows 0013.
"""

from __future__ import annotations

import re
import threading

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_HISTORY = (
    "media_snapshots",
    "account_observations",
    "audience_snapshots",
    "post_events",
    "competitor_observations",
    "public_media_snapshots",
    "hashtag_tops",
    "account_names",
    "comment_versions",
)
_REFUSE = """
    CREATE OR REPLACE FUNCTION pressrun_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: history is never changed or deleted{}', TG_TABLE_NAME
              USING ERRCODE = 'integrity_constraint_violation';
    END $$
"""
_COMMENT_COLUMNS = ("is_hidden boolean", "gone_at timestamptz", "changed_at timestamptz")
_AT_ONCE = 500
_TURNS, _TURN_S = 600, 0.5

_STATES = """
    CREATE TABLE IF NOT EXISTS media_states (
        media_id             bigint NOT NULL,
        read_at              timestamptz,
        own_read_at          timestamptz,
        gone_at              timestamptz,
        unlisted_at          timestamptz,
        has_no_insights      boolean NOT NULL DEFAULT false,
        not_on_facebook      jsonb,
        comments_told        bigint,
        comments_read_at     timestamptz,
        comments_count       bigint,
        comments_whole_at    timestamptz,
        comments_begun_at    timestamptz,
        comments_begun_count bigint,
        comments_after       text,
        comments_lack        boolean NOT NULL DEFAULT false,
        CONSTRAINT pk_media_states PRIMARY KEY (media_id),
        CONSTRAINT fk_media_states_media_id_media FOREIGN KEY (media_id) REFERENCES media (id)
    )
"""
_VERSIONS = """
    CREATE TABLE IF NOT EXISTS comment_versions (
        comment_id bigint NOT NULL,
        seen_at    timestamptz NOT NULL,
        text       text,
        is_hidden  boolean,
        is_gone    boolean NOT NULL,
        CONSTRAINT pk_comment_versions PRIMARY KEY (comment_id, seen_at),
        CONSTRAINT fk_comment_versions_comment_id_comments FOREIGN KEY (comment_id) REFERENCES comments (id)
    )
"""

# What a worker holds is left for a later turn: a batch waits for nobody, so it can be part of no ring of waits, and
# each holds its rows for a moment. Of media without a mark the time of the last reading alone is taken over.
_MOVE = """
    WITH batch AS MATERIALIZED (
        SELECT m.id, m.extra FROM media m
         WHERE m.id > :after
           AND (m.extra ?| CAST(:marks AS text[]) OR NOT EXISTS (SELECT FROM media_states s WHERE s.media_id = m.id))
         ORDER BY m.id LIMIT :at_once
           FOR NO KEY UPDATE OF m SKIP LOCKED
    ), moved AS (
        INSERT INTO media_states AS s
               (media_id, read_at, own_read_at, gone_at, has_no_insights,
                comments_read_at, comments_count)
        SELECT batch.id, l.last_checked_at,
               CAST(batch.extra ->> 'own_read_at' AS timestamptz), CAST(batch.extra ->> 'gone_at' AS timestamptz),
               coalesce(CAST(batch.extra ->> 'no_insights' AS boolean), false),
               CAST(batch.extra #>> '{comments_read,at}' AS timestamptz),
               CAST(batch.extra #>> '{comments_read,count}' AS bigint)
          FROM batch LEFT JOIN media_latest l ON l.media_id = batch.id
        ON CONFLICT DO NOTHING
    ), emptied AS (
        UPDATE media m SET extra = m.extra - CAST(:marks AS text[])
          FROM batch WHERE m.id = batch.id AND m.extra ?| CAST(:marks AS text[])
    )
    SELECT max(id) FROM batch
"""
_MARKS = ["own_read_at", "gone_at", "no_insights", "not_on_facebook", "comments_read"]

_HIDDEN = """
    WITH batch AS MATERIALIZED (
        SELECT c.id, c.extra FROM comments c
         WHERE c.id > :after AND c.is_hidden IS NULL AND jsonb_typeof(c.extra -> 'hidden') = 'boolean'
         ORDER BY c.id LIMIT :at_once
           FOR NO KEY UPDATE SKIP LOCKED
    ), filled AS (
        UPDATE comments c
           SET is_hidden = CAST(batch.extra ->> 'hidden' AS boolean), extra = c.extra - 'hidden'
          FROM batch WHERE c.id = batch.id
    )
    SELECT max(id) FROM batch
"""

# On Instagram Login a comment that names the account arrives like one on its own media, wherever it stands. No list
# has ever shown these (it alone tells a comment's time), and all that is known of them is with their mention.
_OF_OTHERS = """
    SELECT c.id FROM comments c JOIN mentions n
            ON n.account_id = c.account_id AND n.ig_comment_id = c.ig_id AND n.ig_media_id = c.ig_media_id
     WHERE n.state = 'read' AND c.commented_at IS NULL
       AND NOT c.extra ?| ARRAY['ad_id', 'original_media_id']
       AND coalesce(c.extra ->> 'media_product_type', '') NOT IN ('AD', 'LIVE')
       AND NOT EXISTS (SELECT FROM media m WHERE m.account_id = c.account_id AND m.ig_id = c.ig_media_id)
"""
_LEAVE_TO_MENTION = """
    WITH other AS (DELETE FROM comments WHERE id = :id AND commented_at IS NULL RETURNING *)
    UPDATE mentions n SET extra = n.extra || jsonb_build_object('parent_ig_id', o.parent_ig_id)
      FROM other o
     WHERE n.account_id = o.account_id AND n.ig_comment_id = o.ig_id AND n.ig_media_id = o.ig_media_id
       AND o.parent_ig_id IS NOT NULL
"""

# Put into the view as it stands, since other revisions change it too. Postgres writes the expression in its own way.
_GONE_THEN = r"\(+m\.extra ->> 'gone_at'::text\)+::timestamp with time zone"
_GONE_NOW = "(SELECT s.gone_at FROM media_states s WHERE s.media_id = m.id)"


def upgrade() -> None:
    # All of it may be run again: it is in no transaction, and an upgrade that was interrupted begins again here.
    # Nullable columns: no row is rewritten.
    with op.get_context().autocommit_block():
        _patiently(_STATES)
        _patiently(_VERSIONS)
        for column in _COMMENT_COLUMNS:
            _patiently(f"ALTER TABLE comments ADD COLUMN IF NOT EXISTS {column}")
        op.execute(_REFUSE.format(""))
        _refuse_truncate()
        _in_batches(_MOVE, {"marks": _MARKS})
        _in_batches(_HIDDEN, {})
        for id_ in op.get_bind().execute(sa.text(_OF_OTHERS)).scalars().all():
            _patiently(_LEAVE_TO_MENTION, {"id": id_})
    definition = op.get_bind().execute(sa.text("SELECT pg_get_viewdef('media_totals'::regclass)")).scalar_one()
    changed, times = re.subn(_GONE_THEN, _GONE_NOW, definition)
    if times:
        op.get_bind().exec_driver_sql(f"CREATE OR REPLACE VIEW media_totals AS {changed}")


def _refuse_truncate() -> None:
    """Also on each partition: unlike the trigger of rows, Postgres does not hand this one down."""
    query = """
        SELECT t.name FROM unnest(CAST(:names AS text[])) AS t(name)
        UNION ALL
        SELECT CAST(CAST(i.inhrelid AS regclass) AS text)
          FROM unnest(CAST(:names AS text[])) AS t(name) JOIN pg_inherits i ON i.inhparent = CAST(t.name AS regclass)
    """
    for name in op.get_bind().execute(sa.text(query), {"names": list(_HISTORY)}).scalars().all():
        _patiently(
            f"CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION pressrun_append_only()"
        )
    _patiently(
        "CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON comment_versions "
        "FOR EACH ROW EXECUTE FUNCTION pressrun_append_only()"
    )


def _patiently(statement: str, values: dict[str, object] | None = None) -> int | None:
    """Run it, asking for its lock again and again, a moment each: writers queue up behind whoever waits for one."""
    connection = op.get_bind()
    connection.execute(sa.text(f"SET lock_timeout = '{int(_TURN_S * 1000)}ms'"))
    for turn in range(_TURNS):
        try:
            found = connection.execute(sa.text(statement), values or {})
            break
        except sa.exc.OperationalError:
            if turn == _TURNS - 1:
                raise
            threading.Event().wait(_TURN_S)
    connection.execute(sa.text("SET lock_timeout = '4s'"))
    return found.scalar() if found.returns_rows else None


def _in_batches(statement: str, values: dict[str, object]) -> None:
    """First all that nobody holds, then what is left, row by row: whoever waits holds nothing that others wait for."""
    after: int | None = 0
    while after is not None:
        after = _patiently(statement, {**values, "after": after, "at_once": _AT_ONCE})
    after = 0
    while after is not None:
        after = _patiently(statement.replace("SKIP LOCKED", ""), {**values, "after": after, "at_once": 1})


def downgrade() -> None:
    definition = op.get_bind().execute(sa.text("SELECT pg_get_viewdef('media_totals'::regclass)")).scalar_one()
    then = "(m.extra ->> 'gone_at')::timestamptz"
    changed = re.sub(
        r"\(\s*SELECT s\.gone_at\s+FROM media_states s\s+WHERE \(?s\.media_id = m\.id\)?\)", then, definition
    )
    op.get_bind().exec_driver_sql(f"CREATE OR REPLACE VIEW media_totals AS {changed}")
    op.execute("""
        UPDATE media m
           SET extra = m.extra || jsonb_strip_nulls(jsonb_build_object(
                   'own_read_at', s.own_read_at, 'gone_at', s.gone_at,
                   'no_insights', CASE WHEN s.has_no_insights THEN true END,
                   'not_on_facebook', (SELECT jsonb_agg(k) FROM jsonb_object_keys(s.not_on_facebook) AS k),
                   'comments_read', CASE WHEN s.comments_read_at IS NOT NULL
                                         THEN jsonb_build_object('at', s.comments_read_at, 'count', s.comments_count)
                                    END))
          FROM media_states s WHERE s.media_id = m.id
    """)
    op.execute("DROP TABLE comment_versions")
    op.execute("DROP TABLE media_states")
    for column in _COMMENT_COLUMNS:
        op.execute(f"ALTER TABLE comments DROP COLUMN {column.split()[0]}")
    query = "SELECT CAST(tgrelid AS regclass)::text FROM pg_trigger WHERE tgname = 'no_truncate' AND NOT tgisinternal"
    for name in op.get_bind().execute(sa.text(query)).scalars().all():
        op.execute(f"DROP TRIGGER no_truncate ON {name}")
    op.execute(_REFUSE.format(" row by row"))
