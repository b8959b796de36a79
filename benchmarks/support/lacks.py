"""What is lacking of a history that the simulator was read for: days, and stories that are over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from models.store.session import Database

LOST = "lost for good"
"""What coverage says of the day of a story of which nothing will be known."""
# Days that have ended since the first reading, more than two days ago: Instagram has said them all by then.
DAYS_MISSING = text("""
    SELECT a.name || ' ' || d::date
      FROM accounts a
     CROSS JOIN generate_series((SELECT min(started_at) FROM harvest_runs)::date,
                                (now() - interval '3 days')::date, interval '1 day') d
     WHERE NOT EXISTS (SELECT FROM account_daily v
                        WHERE v.account_id = a.id AND v.day = d::date AND v.reach IS NOT NULL)
     ORDER BY 1 LIMIT 10
""")
# Stories that are over and of which no number is known, and what is said of the day on which each was posted.
_GONE = text("""
    SELECT s.media_id, c.state
      FROM jsonb_to_recordset(CAST(:published AS jsonb)) AS s(media_id text, account text, at timestamptz)
      JOIN accounts a ON a.ig_id = s.account
      LEFT JOIN coverage c ON c.account_id = a.id AND c.kind = 'stories'
                          AND c.day = (s.at AT TIME ZONE 'America/Los_Angeles')::date
     WHERE s.at < now() - interval '24 hours'
       AND NOT EXISTS (SELECT FROM media m JOIN media_latest l ON l.media_id = m.id
                        WHERE m.account_id = a.id AND m.ig_id = s.media_id)
     ORDER BY s.media_id
""")


def stories_gone(database: Database, published: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """Of these lines of the ledger the stories of which no number is known → what coverage says of the day of each."""
    stories = [
        {name: line[name] for name in ("media_id", "account", "at")}
        for line in published
        if line["product_type"] == "STORY"
    ]
    with database.transaction() as tx:
        return {row.media_id: row.state for row in tx.execute(_GONE, {"published": json.dumps(stories)})}
