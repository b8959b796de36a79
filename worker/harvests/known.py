"""What the database knows of an account's media before they are listed again, and what became of the missing ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, func, select, update
from sqlalchemy.orm import Session

from models.media import Media, MediaLatest

GONE = "gone_at"
"""Key in `media.extra`: when a listing last should have shown the media and did not. Null once it is back."""
NO_INSIGHTS = "no_insights"
"""Key in `media.extra`: Instagram has none for this media and never will (older than the account's conversion)."""
OWN_READ = "own_read_at"
"""Key in `media.extra`: when the metrics were last read that only its kind of media has."""


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
            Media.extra[OWN_READ].astext.cast(DateTime(timezone=True)).label("own_read_at"),
            Media.media_type,
            Media.media_product_type,
            Media.permalink,
        )
        .outerjoin(MediaLatest, MediaLatest.media_id == Media.id)
        .where(Media.account_id == account_id, Media.media_product_type.is_distinct_from("STORY"))
    )
    return {row.ig_id: KnownMedia(**row._mapping) for row in rows}


def known_stories(tx: Session, account_id: int, ig_ids: Iterable[str]) -> dict[str, datetime]:
    """When the insights of these stories were last read."""
    rows = tx.execute(
        select(Media.ig_id, MediaLatest.last_checked_at)
        .join(MediaLatest, MediaLatest.media_id == Media.id)
        .where(Media.account_id == account_id, Media.ig_id.in_(list(ig_ids)))
    )
    return {row.ig_id: row.last_checked_at for row in rows}


def mark_gone(tx: Session, media_ids: Sequence[int], *, now: datetime) -> None:
    """Deleted or archived: looked for seldom from now on. Their history stays."""
    mark: dict[str, Any] = {GONE: now.isoformat()}
    tx.execute(update(Media).where(Media.id.in_(list(media_ids))).values(extra=Media.extra.op("||")(mark)))


def mark_media(tx: Session, media_id: int, marks: Mapping[str, Any]) -> None:
    """Note in `media.extra` what was learned of it."""
    tx.execute(update(Media).where(Media.id == media_id).values(extra=Media.extra.op("||")(dict(marks))))
