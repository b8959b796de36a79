"""Media of others in which accounts are tagged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, literal, select, text, tuple_
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.history.tag import Tag


@dataclass(frozen=True)
class TagShown:
    """`id`: our number of it."""

    id: int
    account: str
    ig_media_id: str
    username: str | None
    caption: str | None
    media_type: str | None
    permalink: str | None
    posted_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime


_COLUMNS = (
    Tag.id,
    Account.name.label("account"),
    Tag.ig_media_id,
    Tag.username,
    Tag.caption,
    Tag.media_type,
    Tag.permalink,
    Tag.posted_at,
    Tag.first_seen_at,
    Tag.last_seen_at,
)


EVER = datetime(1, 1, 1, tzinfo=UTC)
"""Stands for the time of what has none: it comes last."""
_POSTED = func.coalesce(Tag.posted_at, text("'0001-01-01 00:00:00+00'::timestamptz"))


def newest_tags(
    tx: Session, account_id: int | None, *, limit: int, behind: tuple[datetime, int] | None = None
) -> list[TagShown]:
    """At most `limit` tags, newest first; `behind` is when the last of the page before was posted, and its number."""
    query = select(*_COLUMNS).join(Account, Account.id == Tag.account_id)
    if account_id is not None:
        query = query.where(Tag.account_id == account_id)
    if behind is not None:
        query = query.where(tuple_(_POSTED, Tag.id) < tuple_(literal(behind[0]), literal(behind[1])))
    query = query.order_by(_POSTED.desc(), Tag.id.desc()).limit(limit)
    return [TagShown(**row._mapping) for row in tx.execute(query)]
