"""Comments on the accounts' own media, as they were last seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.account import Account
from models.comment import Comment


@dataclass(frozen=True)
class CommentShown:
    """`is_hidden` null: no list has told. `gone_at`: since when it is known to be there no more."""

    id: int
    account: str
    ig_id: str
    ig_media_id: str | None
    parent_ig_id: str | None
    username: str | None
    text: str | None
    commented_at: datetime | None
    is_hidden: bool | None
    gone_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime


_COLUMNS = (
    Comment.id,
    Account.name.label("account"),
    Comment.ig_id,
    Comment.ig_media_id,
    Comment.parent_ig_id,
    Comment.username,
    Comment.text,
    Comment.commented_at,
    Comment.is_hidden,
    Comment.gone_at,
    Comment.first_seen_at,
    Comment.last_seen_at,
)


def newest_comments(
    tx: Session, account_id: int | None, *, media: str | None = None, limit: int, before: int | None = None
) -> list[CommentShown]:
    """At most `limit` comments, those that were seen last first; with `before`, only those of smaller numbers."""
    query = select(*_COLUMNS).join(Account, Account.id == Comment.account_id)
    if account_id is not None:
        query = query.where(Comment.account_id == account_id)
    if media is not None:
        query = query.where(Comment.ig_media_id == media)
    if before is not None:
        query = query.where(Comment.id < before)
    return [CommentShown(**row._mapping) for row in tx.execute(query.order_by(Comment.id.desc()).limit(limit))]
