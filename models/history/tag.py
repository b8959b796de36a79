"""Tags: media of others in which the account is tagged, as `/tags` lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, table_of
from models.store.sparing import write
from models.store.types import Id, Instant, JsonObject, Str


class Tag(Base):
    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("account_id", "ig_media_id"),
        Index("ix_tags_first_seen_at", "first_seen_at"),  # for retention
        Index("ix_tags_erased", "id", postgresql_where=text("erased_at IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    ig_media_id: Mapped[Str]
    username: Mapped[Str | None]
    caption: Mapped[Str | None]
    media_type: Mapped[Str | None]
    permalink: Mapped[Str | None]
    posted_at: Mapped[Instant | None]
    extra: Mapped[JsonObject]
    """What else the listing held when it was first seen."""
    first_seen_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    erased_at: Mapped[Instant | None]
    """When who posted it was erased: what it said is gone."""


@dataclass(frozen=True)
class SeenTag:
    ig_media_id: str
    username: str | None = None
    caption: str | None = None
    media_type: str | None = None
    permalink: str | None = None
    posted_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def see_tags(tx: Session, account_id: int, seen: Iterable[SeenTag], *, now: datetime) -> int:
    """Record tags; returns how many were new. What was first seen is kept as it was, only `last_seen_at` moves."""
    rows = [
        {
            "account_id": account_id,
            "ig_media_id": one.ig_media_id,
            "username": one.username,
            "caption": one.caption,
            "media_type": one.media_type,
            "permalink": one.permalink,
            "posted_at": one.posted_at,
            "extra": dict(one.extra),
            "first_seen_at": now,
            "last_seen_at": now,
        }
        for one in sorted({one.ig_media_id: one for one in seen}.values(), key=lambda one: one.ig_media_id)
    ]
    if not rows:
        return 0
    query = insert(table_of(Tag))
    query = query.on_conflict_do_update(
        index_elements=[Tag.account_id, Tag.ig_media_id],
        set_={"last_seen_at": func.greatest(Tag.last_seen_at, query.excluded.last_seen_at)},
    )
    # xmax is 0 exactly for rows that this statement inserted.
    return sum(
        sum(part) for part in write(tx, rows, lambda some: tx.scalars(query.returning(text("xmax = 0")), some).all())
    )
