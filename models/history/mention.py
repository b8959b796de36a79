"""Mentions: captions and comments of others that name the account. Announced by webhook only, then read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.history.comment import Comment, SeenComment
from models.store.base import Base
from models.store.types import Id, Instant, JsonObject, Str, one_of


class MentionState(StrEnum):
    ANNOUNCED = "announced"
    READ = "read"
    UNREADABLE = "unreadable"
    """Instagram will not show it (comments disabled, deleted, or this login flavour cannot)."""


class Mention(Base):
    __tablename__ = "mentions"
    __table_args__ = (
        UniqueConstraint("account_id", "ig_media_id", "ig_comment_id"),
        one_of("state", MentionState),
        Index("ix_mentions_announced_at", "announced_at"),  # for retention
        Index("ix_mentions_erased", "id", postgresql_where=text("erased_at IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    ig_media_id: Mapped[Str]
    ig_comment_id: Mapped[Str] = mapped_column(server_default=text("''"))
    """Empty when the caption mentions the account."""
    state: Mapped[Str] = mapped_column(server_default=text("'announced'"))
    username: Mapped[Str | None]
    text: Mapped[Str | None]
    media_url: Mapped[Str | None]
    mentioned_at: Mapped[Instant | None]
    announced_at: Mapped[Instant]
    read_at: Mapped[Instant | None]
    error: Mapped[Str | None]
    extra: Mapped[JsonObject]
    erased_at: Mapped[Instant | None]
    """When who wrote it was erased: what it said is gone, and is not read again."""


def announce_mention(
    tx: Session, account_id: int, *, ig_media_id: str, ig_comment_id: str, announced_at: datetime
) -> Mention:
    """The row of this mention, made if it is the first time that it is announced."""
    tx.execute(
        insert(Mention)
        .values(account_id=account_id, ig_media_id=ig_media_id, ig_comment_id=ig_comment_id, announced_at=announced_at)
        .on_conflict_do_nothing()
    )
    return tx.scalars(
        select(Mention).where(
            Mention.account_id == account_id,
            Mention.ig_media_id == ig_media_id,
            Mention.ig_comment_id == ig_comment_id,
        )
    ).one()


def announce_comment(tx: Session, account_id: int, comment: Comment | SeenComment, *, announced_at: datetime) -> None:
    """A comment that names the account, on a media of its own or of somebody else: a mention that is read already."""
    if comment.ig_media_id is None:
        return
    mention = announce_mention(
        tx,
        account_id,
        ig_media_id=comment.ig_media_id,
        ig_comment_id=comment.ig_id,
        announced_at=announced_at,
    )
    record_reading(
        tx,
        mention.id,
        username=comment.username,
        text_=comment.text,
        media_url=None,
        mentioned_at=comment.commented_at,
        extra=dict(comment.extra) | ({"parent_ig_id": comment.parent_ig_id} if comment.parent_ig_id else {}),
        now=announced_at,
    )


def record_reading(
    tx: Session,
    mention_id: int,
    *,
    username: str | None,
    text_: str | None,
    media_url: str | None,
    mentioned_at: datetime | None,
    extra: dict[str, Any],
    now: datetime,
) -> None:
    """Keep what the mention said when it was first read; a later reading does not change it."""
    mention = tx.get_one(Mention, mention_id, with_for_update=True)
    if mention.state == MentionState.READ.value or mention.erased_at is not None:
        return
    mention.state = MentionState.READ.value
    mention.username, mention.text, mention.media_url = username, text_, media_url
    mention.mentioned_at, mention.extra, mention.read_at, mention.error = mentioned_at, extra, now, None


def record_unreadable(tx: Session, mention_id: int, *, error: str) -> None:
    mention = tx.get_one(Mention, mention_id, with_for_update=True)
    if mention.state == MentionState.ANNOUNCED.value:
        mention.state, mention.error = MentionState.UNREADABLE.value, error
