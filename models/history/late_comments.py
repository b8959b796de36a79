"""Lists of comments that come after a newer one was stored, as in `late_points`, for states of text and hiding.

Only a comment's row is guarded. What a late list shows otherwise than it was known then is a version of its time. The
newest version says what the row says: where none follows the late one, the state that stands becomes a version once
more, under the time at which somebody last looked. What the list shows as it was known adds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# `was`: how it was known at that time. That is what the newest version until then says; where all are of later, nothing
# was known, and the first of them completes what the list leaves out; where there are none, it never changed.
# `stands_…`: what its row is about to say, as `see_comments` completes it.
_LATE = text("""
    WITH late AS MATERIALIZED (
        SELECT c.id, c.first_seen_at, c.gone_at, greatest(c.last_seen_at, c.gone_at) AS looked_at,
               coalesce(r.text, was.text) AS text, coalesce(r.is_hidden, was.is_hidden) AS is_hidden,
               c.text AS own_text, c.is_hidden AS own_is_hidden,
               CASE WHEN c.changed_at IS NULL THEN coalesce(c.text, r.text) ELSE c.text END AS stands_text,
               CASE WHEN c.changed_at IS NULL THEN coalesce(c.is_hidden, r.is_hidden) ELSE c.is_hidden
                END AS stands_is_hidden,
               was.source = 'row' AS is_untold,
               EXISTS (SELECT FROM comment_versions v WHERE v.comment_id = c.id AND v.seen_at > :now)
                   OR was.source = 'row' AND c.first_seen_at > :now AS is_followed
          FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, text text, is_hidden boolean)
          JOIN comments c USING (id)
         CROSS JOIN LATERAL (
                (SELECT 1 AS rank, 'before' AS source, v.seen_at, v.text, v.is_hidden, v.is_gone
                   FROM comment_versions v
                  WHERE v.comment_id = c.id AND v.seen_at <= :now ORDER BY v.seen_at DESC LIMIT 1)
                 UNION ALL
                (SELECT 2, 'after', v.seen_at, v.text, v.is_hidden, v.is_gone
                   FROM comment_versions v
                  WHERE v.comment_id = c.id AND v.seen_at > :now ORDER BY v.seen_at LIMIT 1)
                 UNION ALL
                 SELECT 3, 'row', c.first_seen_at, coalesce(c.text, r.text), coalesce(c.is_hidden, r.is_hidden), false
                  ORDER BY rank LIMIT 1) was
         WHERE was.seen_at <> :now  -- of one moment the first answer counts
           AND (was.source = 'after' OR was.is_gone
                OR (coalesce(r.text, was.text), coalesce(r.is_hidden, was.is_hidden))
                   IS DISTINCT FROM (was.text, was.is_hidden))
    )
    INSERT INTO comment_versions (comment_id, seen_at, text, is_hidden, is_gone)
    SELECT id, :now, text, is_hidden, false FROM late
     UNION ALL
    SELECT id, first_seen_at, CASE WHEN first_seen_at > :now THEN stands_text ELSE own_text END,
           CASE WHEN first_seen_at > :now THEN stands_is_hidden ELSE own_is_hidden END, false
      FROM late WHERE is_untold
     UNION ALL
    SELECT id, looked_at, stands_text, stands_is_hidden, gone_at IS NOT NULL FROM late WHERE NOT is_followed
    RETURNING comment_id, seen_at
""")


def record_late(tx: Session, late: Mapping[int, Mapping[str, Any]], *, now: datetime) -> dict[str, datetime]:
    """Write down what a list of `now` shows otherwise than it was known then.

    Args:
        late: by the id of the comment, what was shown of it (`ig_id`, `text`, `is_hidden`; None is unknown). The caller
            has locked their rows, seen since, in the same transaction.

    Returns of each that was, by its Instagram id, the time of the last state that was written.
    """
    if not late:
        return {}
    rows = [{"id": id_, "text": row["text"], "is_hidden": row["is_hidden"]} for id_, row in late.items()]
    # A statement of its own: it has to see what others committed while the rows were waited for.
    written = tx.execute(_LATE, {"rows": json.dumps(rows), "now": now}).all()
    newest: dict[str, datetime] = {}
    for one in sorted(written, key=lambda one: one.seen_at):
        newest[late[one.comment_id]["ig_id"]] = one.seen_at
    return newest
