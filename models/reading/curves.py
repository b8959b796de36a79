"""How the numbers of one post grew by its age, beside those of its peers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts

AGES_H = (1, 2, 4, 6, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504, 720)
"""Ages in hours at which posts are compared."""
_PEERS = 20


@dataclass(frozen=True)
class Grown:
    """`reach`: at each of AGES_H that is over, or None where no reading tells. `peers`: the median of as many posts."""

    posted_at: datetime
    reach: list[int | None]
    peers: list[float | None]
    peers_count: int


# What was known at an age is the newest reading up to it, if one was made at all since the age before.
_GROWN = text(f"""
    WITH it AS (SELECT m.id, m.account_id, m.posted_at, m.media_product_type FROM media m
            WHERE m.ig_id = :media_id AND {SEEN.format(column="m.account_id")} LIMIT 1),
    others AS (SELECT m.id, m.posted_at FROM media m, it
                WHERE m.account_id = it.account_id AND m.posted_at < it.posted_at
                  AND m.posted_at > it.posted_at - interval '90 days'
                  AND m.media_product_type IS NOT DISTINCT FROM it.media_product_type
                ORDER BY m.posted_at DESC LIMIT :peers),
    known AS (SELECT o.id, a.age, a.place, s.reach
                FROM (SELECT id, posted_at FROM it UNION ALL SELECT id, posted_at FROM others) o
               CROSS JOIN unnest(CAST(:ages AS int[])) WITH ORDINALITY AS a(age, place)
               CROSS JOIN LATERAL (
                      SELECT reach FROM media_snapshots s
                       WHERE s.media_id = o.id AND s.captured_at <= o.posted_at + make_interval(mins => a.age * 60 + 40)
                         AND s.captured_at > o.posted_at
                       ORDER BY s.captured_at DESC LIMIT 1) s
               WHERE o.posted_at + make_interval(hours => a.age) <= now())
    SELECT it.posted_at,
           (SELECT jsonb_object_agg(place, reach) FROM known k WHERE k.id = it.id) AS own,
           (SELECT jsonb_object_agg(place, median)
              FROM (SELECT place, percentile_cont(0.5) WITHIN GROUP (ORDER BY reach) AS median FROM known k
                     WHERE k.id <> it.id GROUP BY place) p) AS peers,
           (SELECT count(*) FROM others) AS peers_count
      FROM it
""")  # noqa: S608 - a constant


def grown(tx: Session, media_id: str) -> Grown | None:
    """None for a media that no harvest has seen."""
    values = {"media_id": media_id, "ages": list(AGES_H), "peers": _PEERS, "seen": seen_accounts(tx)}
    row = tx.execute(_GROWN, values).one_or_none()
    if row is None or row.posted_at is None:
        return None
    own, peers = row.own or {}, row.peers or {}
    places = [str(number) for number in range(1, len(AGES_H) + 1)]
    return Grown(
        row.posted_at, [own.get(one) for one in places], [peers.get(one) for one in places], int(row.peers_count)
    )
