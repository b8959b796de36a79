"""The hashtags that an account watches: what stands on top of each, and how much of it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class HashtagShown:
    """`media`: how many were seen below it. `top`: the first of the most popular, as they were at `captured_at`.

    Each of them has caption, permalink, type, posted_at, likes and comments; a count that was not told is None.
    """

    name: str
    media: int
    last_checked_at: datetime | None
    captured_at: datetime | None
    top: Sequence[Mapping[str, Any]]


HASHTAGS = """
    SELECT w.name, (SELECT count(*) FROM public_media p WHERE p.watch_id = w.id) AS media, w.last_checked_at,
           t.captured_at, coalesce(m.top, '[]') AS top
      FROM watches w
      LEFT JOIN LATERAL (SELECT captured_at, ig_ids FROM hashtag_tops WHERE watch_id = w.id
                          ORDER BY captured_at DESC LIMIT 1) t ON true
      LEFT JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('caption', left(p.caption, 200), 'permalink', p.permalink,
                                                'type', p.media_type, 'posted_at', p.posted_at,
                                                'likes', l.like_count, 'comments', l.comments_count)
                             ORDER BY o.place) AS top
              FROM jsonb_array_elements_text(t.ig_ids) WITH ORDINALITY AS o(ig_id, place)
              JOIN public_media p ON p.watch_id = w.id AND p.ig_id = o.ig_id
              LEFT JOIN public_media_latest l ON l.public_media_id = p.id
             WHERE o.place <= 5) m ON true
     WHERE w.account_id = :account_id AND w.kind = 'hashtag' AND w.ended_at IS NULL
     ORDER BY w.name LIMIT 30
"""


def hashtags(tx: Session, account_id: int) -> list[HashtagShown]:
    """By name."""
    return [HashtagShown(**row._mapping) for row in tx.execute(text(HASHTAGS), {"account_id": account_id})]
