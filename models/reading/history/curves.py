"""How a number of one post grew by its age, beside that of its peers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from pressrun.errors import Invalid

AGES_H = (1, 2, 4, 6, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504, 720)
"""Ages in hours at which posts are compared."""
METRICS = ("reach", "views", "likes", "comments", "saved", "shares", "total_interactions")
_PEERS = 20


@dataclass(frozen=True)
class Grown:
    """`own`: at each of AGES_H that is over, or None where no reading tells. `peers`: the median of as many posts."""

    posted_at: datetime
    own: list[int | None]
    peers: list[float | None]
    peers_count: int


# What was known at an age is what the newest reading up to it told that told this number. A reading that changed
# nothing left no row; so it is taken to have stood, unless nobody can have looked at the media since the age before.
_GROWN = f"""
    WITH it AS (SELECT m.id, m.account_id, m.posted_at, m.media_product_type FROM media m
            WHERE m.ig_id = :media_id AND {SEEN.format(column="m.account_id")} LIMIT 1),
    others AS (SELECT m.id, m.posted_at FROM media m, it
                WHERE m.account_id = it.account_id AND m.posted_at < it.posted_at
                  AND m.posted_at > it.posted_at - interval '90 days'
                  AND m.media_product_type IS NOT DISTINCT FROM it.media_product_type
                ORDER BY m.posted_at DESC LIMIT :peers),
    ages AS (SELECT age, place, lag(age, 1, 0) OVER (ORDER BY place) AS before
               FROM unnest(CAST(:ages AS int[])) WITH ORDINALITY AS a(age, place)),
    known AS (SELECT o.id, a.age, a.place, s.value
                FROM (SELECT id, posted_at FROM it UNION ALL SELECT id, posted_at FROM others) o
                JOIN media_latest l ON l.media_id = o.id
                JOIN ages a ON o.posted_at + make_interval(hours => a.age) <= now()
                           AND o.posted_at + make_interval(hours => a.before) <= l.last_checked_at
               CROSS JOIN LATERAL (
                      SELECT {{metric}} AS value FROM media_snapshots s
                       WHERE s.media_id = o.id AND s.captured_at <= o.posted_at + make_interval(mins => a.age * 60 + 40)
                         AND s.captured_at > o.posted_at AND {{metric}} IS NOT NULL
                       ORDER BY s.captured_at DESC LIMIT 1) s
               WHERE NOT EXISTS (
                      SELECT FROM harvest_gaps g, it
                       WHERE g.account_id = it.account_id
                         AND g.kind = CASE it.media_product_type WHEN 'STORY' THEN 'stories' ELSE 'media' END
                         AND g.since <= o.posted_at + make_interval(hours => a.before)
                         AND g.until > o.posted_at + make_interval(mins => a.age * 60 + 40)))
    SELECT it.posted_at,
           (SELECT jsonb_object_agg(place, value) FROM known k WHERE k.id = it.id) AS own,
           (SELECT jsonb_object_agg(place, median)
              FROM (SELECT place, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS median FROM known k
                     WHERE k.id <> it.id GROUP BY place) p) AS peers,
           (SELECT count(*) FROM others) AS peers_count
      FROM it
"""  # noqa: S608 - a constant


def grown(tx: Session, media_id: str, metric: str) -> Grown | None:
    """By one of METRICS; None for a media that no harvest has seen."""
    if metric not in METRICS:
        raise Invalid(f"{metric!r} is not one of {', '.join(METRICS)}", type="insight.metric", field="metric")
    values = {"media_id": media_id, "ages": list(AGES_H), "peers": _PEERS, "seen": seen_accounts(tx)}
    row = tx.execute(text(_GROWN.format(metric=metric)), values).one_or_none()
    if row is None or row.posted_at is None:
        return None
    own, peers = row.own or {}, row.peers or {}
    places = [str(number) for number in range(1, len(AGES_H) + 1)]
    return Grown(
        row.posted_at, [own.get(one) for one in places], [peers.get(one) for one in places], int(row.peers_count)
    )
