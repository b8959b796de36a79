"""Media of others in which accounts are tagged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.account import Account
from models.tag import Tag


@dataclass(frozen=True)
class TagShown:
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


def newest_tags(tx: Session, account_id: int | None, *, limit: int) -> list[TagShown]:
    """At most `limit` tags, newest first."""
    query = select(*_COLUMNS).join(Account, Account.id == Tag.account_id)
    if account_id is not None:
        query = query.where(Tag.account_id == account_id)
    query = query.order_by(Tag.posted_at.desc().nulls_last(), Tag.id.desc()).limit(limit)
    return [TagShown(**row._mapping) for row in tx.execute(query)]
