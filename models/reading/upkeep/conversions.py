"""Conversions that wait: when each will be done, as those before it tell, and for which posts that is too late."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.posts.conversion import needed_until
from models.posts.part import PartKind
from models.reading.upkeep.workers import has_worker
from models.telling.notice import News, NoticeKind
from pressrun.network.hints import Queue

LOOKS_AT = 5000
"""Conversions; what comes after so many is days away."""
SOON = timedelta(hours=1)
"""A post that is due later may see a worker yet, where none is there now."""
FEWEST_AT_ONCE = 2
"""As many as any machine has cores, while nothing is at work that tells more."""
_PICTURE_S, _VIDEO_S_A_SECOND = 2.0, 2.5
"""Of a conversion, as long as none has been seen: some figures of two cores (docs/media.md)."""

_WAITING = text("""
    SELECT c.id, coalesce(c.leased_until > now(), false) AS is_at_work, k.kind, k.duration_s
      FROM conversions c
      LEFT JOIN LATERAL (SELECT t.kind, CAST(t.probe ->> 'duration_s' AS float) AS duration_s
                           FROM parts t WHERE t.conversion_id = c.id LIMIT 1) k ON true
     WHERE c.next_action_at IS NOT NULL AND c.state = 'asked'
     ORDER BY c.needed_at, c.id
     LIMIT :most
""")
_TOOK = text("""
    SELECT CAST(extract(epoch FROM settled_at - begun_at) AS float) AS took_s,
           CAST(probe ->> 'duration_s' AS float) AS duration_s
      FROM conversions WHERE state = 'done' AND begun_at < settled_at
     ORDER BY id DESC LIMIT 100
""")
_NEEDING = text("""
    SELECT x.id, p.id AS post_id, p.account_id, p.publish_at, p.created_at, p.max_lateness_s, p.if_late
      FROM (SELECT t.conversion_id AS id, t.post_id FROM parts t
             WHERE t.conversion_id = ANY(:ids) AND t.dropped_at IS NULL
            UNION ALL
            SELECT p.cover_conversion_id, p.id FROM posts p WHERE p.cover_conversion_id = ANY(:ids)) x
      JOIN posts p ON p.id = x.post_id
     WHERE p.state = 'scheduled'
""")


@dataclass(frozen=True)
class Unready:
    """A post whose files will hardly be made right in time. `done_at` None: nobody is there to make them so."""

    post_id: int
    account_id: int
    publish_at: datetime
    until: datetime
    """When it is given up."""
    done_at: datetime | None
    before: int
    """Conversions that come first."""

    def __str__(self) -> str:
        if self.done_at is None:
            said = "its files wait to be made right, and no worker of the queue media is connected"
        else:
            first = f"{self.before} conversion{' comes' if self.before == 1 else 's come'} first, and "
            said = f"its files will hardly be made right in time: {first if self.before else ''}they are expected "
            said += f"at {self.done_at:%Y-%m-%d %H:%M} UTC"
        return (
            f"{said}; it fails at {self.until:%Y-%m-%d %H:%M} UTC. Move it, give it files that are right, or start "
            "another worker of the queue media"
        )


def unready(tx: Session, *, now: datetime, has_hands: bool, posts: Collection[int] | None = None) -> list[Unready]:
    """Posts whose files cannot be made right in time, each once.

    Args:
        has_hands: whether a worker is there.
        posts: only these.
    """
    waiting = list(tx.execute(_WAITING, {"most": LOOKS_AT}))
    if not waiting:
        return []
    done_in_s = dict(_forecast(tx, waiting))
    places = {row.id: place for place, row in enumerate(waiting)}
    found: dict[int, Unready] = {}
    for row in tx.execute(_NEEDING, {"ids": list(done_in_s)}):
        if row.if_late == "publish" or (posts is not None and row.post_id not in posts):
            continue
        until = needed_until(row.publish_at, row.created_at, row.max_lateness_s)
        done_at = now + timedelta(seconds=done_in_s[row.id]) if has_hands else None
        in_time = until - now > SOON if done_at is None else done_at <= until
        if in_time or until < now:
            continue
        one = Unready(row.post_id, row.account_id, row.publish_at, until, done_at, places[row.id])
        known = found.get(row.post_id)
        if known is None or known.before < one.before:
            found[row.post_id] = one
    return [found[post_id] for post_id in sorted(found)]


def unready_posts(tx: Session, *, now: datetime) -> list[tuple[int, News]]:
    """The same as news, by the numbers of the posts."""
    return [
        (
            one.post_id,
            News(
                NoticeKind.POST_LATE,
                str(one),
                one.account_id,
                f"post.late:{one.post_id}:media:{one.publish_at:%Y-%m-%dT%H:%M:%S.%f}",
            ),
        )
        for one in unready(tx, now=now, has_hands=has_worker(tx, Queue.MEDIA))
    ]


def _forecast(tx: Session, waiting: list[Any]) -> Iterator[tuple[int, float]]:
    """In how many seconds each is done, in their order."""
    took = list(tx.execute(_TOOK))
    pictures = [row.took_s for row in took if not row.duration_s]
    videos = [row for row in took if row.duration_s]
    picture_s = sum(pictures) / len(pictures) if pictures else _PICTURE_S
    pace = sum(row.took_s for row in videos) / sum(row.duration_s for row in videos) if videos else _VIDEO_S_A_SECOND
    at_once = max(sum(row.is_at_work for row in waiting), FEWEST_AT_ONCE)
    spent_s = 0.0
    for row in waiting:
        own_s = (row.duration_s or 0.0) * pace if row.kind == PartKind.VIDEO.value else picture_s
        spent_s += own_s
        # Whoever is last has a core for itself.
        yield row.id, max(spent_s / at_once, own_s)
