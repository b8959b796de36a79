"""Comments on the account's own media, as webhooks announced or listings showed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, table_of
from models.sparing import write
from models.types import Id, Instant, JsonObject, Str

_LATELY = timedelta(days=7)


class Comment(Base):
    __tablename__ = "comments"
    __table_args__ = (
        UniqueConstraint("account_id", "ig_id"),
        Index("ix_comments_account_id_ig_media_id", "account_id", "ig_media_id"),
        Index("ix_comments_first_seen_at", "first_seen_at"),  # for retention
        Index("ix_comments_erased", "id", postgresql_where=text("erased_at IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    ig_id: Mapped[Str]
    ig_media_id: Mapped[Str | None]
    parent_ig_id: Mapped[Str | None]
    username: Mapped[Str | None]
    text: Mapped[Str | None]
    commented_at: Mapped[Instant | None]
    extra: Mapped[JsonObject]
    first_seen_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    erased_at: Mapped[Instant | None]
    """When who wrote it was erased: what it said is gone, and is not taken up again."""


@dataclass(frozen=True)
class SeenComment:
    ig_id: str
    ig_media_id: str | None = None
    parent_ig_id: str | None = None
    username: str | None = None
    text: str | None = None
    commented_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def named_lately(tx: Session, account_id: int, username: str, *, now: datetime) -> Sequence[Comment]:
    """Comments of the last days, as long as a name may go unnoticed, in which `@username` stands somewhere."""
    pattern = f"%@{username.replace('_', '!_')}%"
    query = select(Comment).where(
        Comment.account_id == account_id,
        Comment.first_seen_at > now - _LATELY,
        Comment.text.ilike(pattern, escape="!"),
    )
    return tx.scalars(query.order_by(Comment.id)).all()


def see_comments(tx: Session, account_id: int, seen: Iterable[SeenComment], *, now: datetime) -> int:
    """Record comments; returns how many were new. What is known is completed, never changed."""
    rows = [
        {
            "account_id": account_id,
            "ig_id": one.ig_id,
            "ig_media_id": one.ig_media_id,
            "parent_ig_id": one.parent_ig_id,
            "username": one.username,
            "text": one.text,
            "commented_at": one.commented_at,
            "extra": dict(one.extra),
            "first_seen_at": now,
            "last_seen_at": now,
        }
        for one in sorted({one.ig_id: one for one in seen}.values(), key=lambda one: one.ig_id)
    ]
    if not rows:
        return 0
    query = insert(table_of(Comment))
    new = query.excluded
    query = query.on_conflict_do_update(
        index_elements=[Comment.account_id, Comment.ig_id],
        set_={
            "ig_media_id": func.coalesce(Comment.ig_media_id, new.ig_media_id),
            "parent_ig_id": func.coalesce(Comment.parent_ig_id, new.parent_ig_id),
            "username": func.coalesce(Comment.username, new.username),
            "text": func.coalesce(Comment.text, new.text),
            "commented_at": func.coalesce(Comment.commented_at, new.commented_at),
            "last_seen_at": func.greatest(Comment.last_seen_at, new.last_seen_at),
        },
        where=Comment.erased_at.is_(None),
    )
    # xmax is 0 exactly for rows that this statement inserted.
    return sum(
        sum(part) for part in write(tx, rows, lambda some: tx.scalars(query.returning(text("xmax = 0")), some).all())
    )
