"""What the database knows of an account's media before they are listed again, and what became of the missing ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import false, func, select, text
from sqlalchemy.orm import Session

from models.harvests.media_state import MediaState, Told, keep_states
from models.history.media import Media, MediaLatest

WHOLE_EVERY = timedelta(days=7)
"""How old the last whole reading of a media's comments may be."""


@dataclass(frozen=True)
class KnownMedia:
    id: int
    ig_id: str
    posted_at: datetime | None
    first_seen_at: datetime
    checked_at: datetime
    """When its numbers were last asked for; when it was last seen, if they never were."""
    gone_at: datetime | None = None
    unlisted_at: datetime | None = None
    has_no_insights: bool = False
    not_on_facebook: Mapping[str, datetime] = field(default_factory=dict)
    own_read_at: datetime | None = None
    media_type: str | None = None
    media_product_type: str | None = None
    permalink: str | None = None


def known_media(tx: Session, account_id: int) -> dict[str, KnownMedia]:
    """The media that the account's listing shows, by Instagram id: everything but stories."""
    rows = tx.execute(
        select(
            Media.id,
            Media.ig_id,
            Media.posted_at,
            Media.first_seen_at,
            func.coalesce(MediaState.read_at, MediaLatest.last_checked_at, Media.last_seen_at).label("checked_at"),
            MediaState.gone_at,
            MediaState.unlisted_at,
            func.coalesce(MediaState.has_no_insights, false()).label("has_no_insights"),
            MediaState.not_on_facebook,
            MediaState.own_read_at,
            Media.media_type,
            Media.media_product_type,
            Media.permalink,
        )
        .outerjoin(MediaLatest, MediaLatest.media_id == Media.id)
        .outerjoin(MediaState, MediaState.media_id == Media.id)
        .where(Media.account_id == account_id, Media.media_product_type.is_distinct_from("STORY"))
    )
    return {row.ig_id: KnownMedia(**{**row._mapping, "not_on_facebook": _until(row.not_on_facebook)}) for row in rows}


@dataclass(frozen=True)
class KnownStory:
    """`checked_at`: when its insights were last read."""

    checked_at: datetime | None = None
    not_on_facebook: Mapping[str, datetime] = field(default_factory=dict)


def known_stories(tx: Session, account_id: int, ig_ids: Iterable[str]) -> dict[str, KnownStory]:
    rows = tx.execute(
        select(Media.ig_id, MediaLatest.last_checked_at, MediaState.not_on_facebook)
        .outerjoin(MediaLatest, MediaLatest.media_id == Media.id)
        .outerjoin(MediaState, MediaState.media_id == Media.id)
        .where(Media.account_id == account_id, Media.ig_id.in_(list(ig_ids)))
    )
    return {row.ig_id: KnownStory(row.last_checked_at, _until(row.not_on_facebook)) for row in rows}


@dataclass(frozen=True)
class StoryUp:
    posted_at: datetime
    checked_at: datetime | None


def stories_since(tx: Session, account_id: int, since: datetime) -> list[StoryUp]:
    """Stories posted since then, with when their numbers were last read."""
    rows = tx.execute(
        select(Media.posted_at, MediaLatest.last_checked_at.label("checked_at"))
        .outerjoin(MediaLatest, MediaLatest.media_id == Media.id)
        .where(Media.account_id == account_id, Media.media_product_type == "STORY", Media.posted_at > since)
    )
    return [StoryUp(**row._mapping) for row in rows]


def newest_have_insights(tx: Session, account_id: int, count: int) -> bool:
    """Whether none of so many of the newest media is known to have none, which would fail a page."""
    newest = (
        select(Media.id)
        .where(Media.account_id == account_id, Media.media_product_type.is_distinct_from("STORY"))
        .order_by(Media.posted_at.desc())
        .limit(count)
    )
    held = select(MediaState.media_id).where(MediaState.media_id.in_(newest), MediaState.has_no_insights)
    return tx.scalars(held.limit(1)).first() is None


def not_on_facebook(until: Mapping[str, datetime]) -> dict[str, str]:
    """As it is kept in the media's state."""
    return {name: at.isoformat() for name, at in until.items()}


def _until(kept: dict[str, str] | None) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in (kept or {}).items()}


def mark_missing(tx: Session, gone: Sequence[int], unlisted: Sequence[int], *, now: datetime) -> None:
    """Deleted or archived, or beyond the end of what Instagram lists. Their history stays."""
    told: dict[int, Told] = {id_: {"gone_at": now} for id_ in gone}
    keep_states(tx, told | {id_: {"unlisted_at": now} for id_ in unlisted})


@dataclass(frozen=True)
class Commented:
    """A media whose comments are due."""

    id: int
    ig_id: str
    count: int | None
    """How many comments its last answer told of."""
    count_then: int | None
    """How many it told of when its comments were last read, which was at `read_at`."""
    read_at: datetime | None
    whole_at: datetime | None
    begun_at: datetime | None
    """When the reading began that goes on at `after`; None when none is under way."""
    begun_count: int | None
    after: str | None
    lacks: bool

    def wants_all(self, now: datetime) -> bool:
        """Whether its list has to be read to the end: for those that have gone, and what has become of the others."""
        has_shrunk = self.count is not None and self.count_then is not None and self.count < self.count_then
        return self.whole_at is None or has_shrunk or now - self.whole_at >= WHOLE_EVERY


# A count that differs is a reason, whichever way; a media that never had one is left alone. Where no number is known,
# and of young media once a day, the comments themselves are looked at; of those of a month once a week all of them,
# and no oftener than once a day where that cannot be.
_COMMENTED = text("""
    SELECT id, ig_id, count, count_then, read_at, whole_at, begun_at, begun_count, after, lacks FROM (
        SELECT m.id, m.ig_id, m.posted_at,
               coalesce(s.comments_told, l.comments, CAST(l.extra ->> 'comments_count' AS bigint)) AS count,
               s.comments_count AS count_then, s.comments_read_at AS read_at, s.comments_whole_at AS whole_at,
               s.comments_begun_at AS begun_at, s.comments_begun_count AS begun_count, s.comments_after AS after,
               coalesce(s.comments_lack, false) AS lacks
          FROM media m
          LEFT JOIN media_latest l ON l.media_id = m.id
          LEFT JOIN media_states s ON s.media_id = m.id
         WHERE m.account_id = :account_id AND m.media_product_type IS DISTINCT FROM 'STORY' AND s.gone_at IS NULL
    ) known
     CROSS JOIN (SELECT CAST(:now AS timestamptz) AS now) clock
     WHERE begun_at IS NOT NULL
        OR count <> coalesce(count_then, 0)
        OR count IS NULL AND (read_at IS NULL OR read_at < now - interval '7 days')
        OR count > 0 AND posted_at > now - interval '7 days' AND read_at < now - interval '1 day'
        OR count > 0 AND posted_at > now - interval '30 days' AND read_at < now - interval '1 day'
           AND (whole_at IS NULL OR whole_at < now - interval '7 days')
     ORDER BY posted_at DESC NULLS LAST, id
     LIMIT :limit
""")


def commented_media(tx: Session, account_id: int, *, now: datetime, limit: int) -> list[Commented]:
    """The media whose comments are to be read, the newest first."""
    rows = tx.execute(_COMMENTED, {"account_id": account_id, "now": now, "limit": limit})
    return [Commented(**row._mapping) for row in rows]
