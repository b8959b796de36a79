"""What the database knows of an account's media before they are listed again, and what became of the missing ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, func, select, text, update
from sqlalchemy.orm import Session

from models.media import Media, MediaLatest

GONE = "gone_at"
"""Key in `media.extra`: when a listing last should have shown the media and did not. Null once it is back."""
NO_INSIGHTS = "no_insights"
"""Key in `media.extra`: Instagram has none for this media and never will (older than the account's conversion)."""
OWN_READ = "own_read_at"
"""Key in `media.extra`: when the metrics were last read that only its kind of media has."""


NOT_ON_FACEBOOK = "not_on_facebook"
"""Key in `media.extra`: the metrics that Instagram refuses because the media is not on Facebook, each with the instant
(ISO) from which on it is asked for again. Earlier releases kept the names alone: those are asked for again now."""
COMMENTS_READ = "comments_read"
"""Key in `media.extra`: when the comments were last read to the end, and how many the numbers told of then."""


_NOT_ON_FACEBOOK = Media.extra[NOT_ON_FACEBOOK].label("not_on_facebook")


@dataclass(frozen=True)
class KnownMedia:
    id: int
    ig_id: str
    posted_at: datetime | None
    first_seen_at: datetime
    checked_at: datetime
    """When its numbers were last read; when it was last seen, if they never could be."""
    gone_at: datetime | None = None
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
            func.coalesce(MediaLatest.last_checked_at, Media.last_seen_at).label("checked_at"),
            Media.extra[GONE].astext.cast(DateTime(timezone=True)).label("gone_at"),
            Media.extra[NO_INSIGHTS].astext.is_not(None).label("has_no_insights"),
            _NOT_ON_FACEBOOK,
            Media.extra[OWN_READ].astext.cast(DateTime(timezone=True)).label("own_read_at"),
            Media.media_type,
            Media.media_product_type,
            Media.permalink,
        )
        .outerjoin(MediaLatest, MediaLatest.media_id == Media.id)
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
        select(Media.ig_id, MediaLatest.last_checked_at, _NOT_ON_FACEBOOK)
        .outerjoin(MediaLatest, MediaLatest.media_id == Media.id)
        .where(Media.account_id == account_id, Media.ig_id.in_(list(ig_ids)))
    )
    return {row.ig_id: KnownStory(row.last_checked_at, _until(row.not_on_facebook)) for row in rows}


def not_on_facebook(until: Mapping[str, datetime]) -> dict[str, Any]:
    """The mark for `media.extra`."""
    return {NOT_ON_FACEBOOK: {name: at.isoformat() for name, at in until.items()}}


def _until(mark: Any) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in mark.items()} if isinstance(mark, dict) else {}


def mark_gone(tx: Session, media_ids: Sequence[int], *, now: datetime) -> None:
    """Deleted or archived: looked for seldom from now on. Their history stays."""
    mark: dict[str, Any] = {GONE: now.isoformat()}
    tx.execute(update(Media).where(Media.id.in_(list(media_ids))).values(extra=Media.extra.op("||")(mark)))


@dataclass(frozen=True)
class Commented:
    """A media whose comments are due."""

    id: int
    ig_id: str
    count: int | None
    """How many comments its numbers tell of."""
    count_then: int | None
    """How many they told of when its comments were last read to the end, which was at `read_at`."""
    read_at: datetime | None


# A count that differs is a reason, whichever way; a media that never had one is left alone. Where no number is known,
# and of young media once a day, the comments themselves are looked at.
_COMMENTED = text("""
    SELECT id, ig_id, count, count_then, read_at FROM (
        SELECT m.id, m.ig_id, m.posted_at,
               coalesce(l.comments, CAST(l.extra ->> 'comments_count' AS bigint)) AS count,
               CAST(m.extra #>> '{comments_read,count}' AS bigint) AS count_then,
               CAST(m.extra #>> '{comments_read,at}' AS timestamptz) AS read_at
          FROM media m LEFT JOIN media_latest l ON l.media_id = m.id
         WHERE m.account_id = :account_id AND m.media_product_type IS DISTINCT FROM 'STORY'
           AND m.extra ->> 'gone_at' IS NULL
    ) known
     CROSS JOIN (SELECT CAST(:now AS timestamptz) AS now) clock
     WHERE count <> coalesce(count_then, 0)
        OR count IS NULL AND (read_at IS NULL OR read_at < now - interval '7 days')
        OR count > 0 AND posted_at > now - interval '7 days' AND read_at < now - interval '1 day'
     ORDER BY posted_at DESC NULLS LAST, id
     LIMIT :limit
""")


def commented_media(tx: Session, account_id: int, *, now: datetime, limit: int) -> list[Commented]:
    """The media whose comments are to be read, the newest first."""
    rows = tx.execute(_COMMENTED, {"account_id": account_id, "now": now, "limit": limit})
    return [Commented(**row._mapping) for row in rows]


def mark_comments_read(tx: Session, media: Commented, *, at: datetime) -> None:
    mark: dict[str, Any] = {COMMENTS_READ: {"count": media.count, "at": at.isoformat()}}
    tx.execute(update(Media).where(Media.id == media.id).values(extra=Media.extra.op("||")(mark)))


def mark_media(tx: Session, media_id: int, marks: Mapping[str, Any]) -> None:
    """Note in `media.extra` what was learned of it."""
    tx.execute(update(Media).where(Media.id == media_id).values(extra=Media.extra.op("||")(dict(marks))))
