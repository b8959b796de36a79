"""Watches: the other accounts and the hashtags that an account reads along with its own numbers.

A watch is never deleted, since the history refers to it: it ends, and goes on when it is asked for again.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of


class WatchKind(StrEnum):
    COMPETITOR = "competitor"
    HASHTAG = "hashtag"


class Watch(Base):
    __tablename__ = "watches"
    __table_args__ = (UniqueConstraint("account_id", "kind", "name"), one_of("kind", WatchKind))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    kind: Mapped[Str]
    name: Mapped[Str]
    """User name or hashtag in lower case, without @ or #."""
    ig_id: Mapped[Str | None]
    """Instagram's id of it; those of hashtags are global and never change (graph-api.md §5.3)."""
    created_at: Mapped[InstantNow]
    ended_at: Mapped[Instant | None]
    """Not read any more since then."""
    last_checked_at: Mapped[Instant | None]
    """When it was last read to the end."""


def active_watches(tx: Session, account_id: int, kind: WatchKind) -> list[Watch]:
    """What is to be read, the longest unread first."""
    return list(
        tx.scalars(
            select(Watch)
            .where(Watch.account_id == account_id, Watch.kind == kind.value, Watch.ended_at.is_(None))
            .order_by(Watch.last_checked_at.asc().nulls_first(), Watch.id)
        )
    )


def note_id(tx: Session, watch_id: int, ig_id: str) -> None:
    """Keep Instagram's id of what is watched."""
    tx.execute(update(Watch).where(Watch.id == watch_id, Watch.ig_id.is_distinct_from(ig_id)).values(ig_id=ig_id))


def note_checked(tx: Session, watch_id: int, *, at: datetime) -> None:
    tx.execute(update(Watch).where(Watch.id == watch_id).values(last_checked_at=at))
