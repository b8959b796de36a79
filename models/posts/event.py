"""The timeline of a post: one row for each transition and each call that mattered. Append-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, InstantNow, JsonObject, Str
from pressrun.log import redact


class PostEvent(Base):
    __tablename__ = "post_events"
    __table_args__ = (Index("ix_post_events_post_id_id", "post_id", "id"), Index("ix_post_events_at", "at"))

    id: Mapped[Id]
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id"))
    at: Mapped[InstantNow]
    from_state: Mapped[Str | None]
    to_state: Mapped[Str]
    reason: Mapped[Str]
    """What happened, as a fixed `noun.verb` name."""
    message: Mapped[Str | None]
    """The same for a person: what happened, to which media item, and what to do."""
    error_class: Mapped[Str | None]
    code: Mapped[Str | None]
    subcode: Mapped[Str | None]
    fbtrace_id: Mapped[Str | None]
    detail: Mapped[JsonObject]


@dataclass(frozen=True)
class Cause:
    """Why something happened to a post. `message` is redacted when it is stored."""

    reason: str
    message: str | None = None
    error_class: str | None = None
    code: str | None = None
    subcode: str | None = None
    fbtrace_id: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def stored(cause: Cause) -> dict[str, Any]:
    """What a row keeps of it."""
    told = {"reason": cause.reason, "error_class": cause.error_class, "code": cause.code, "subcode": cause.subcode}
    message = redact(cause.message) if cause.message else None
    return told | {"message": message, "fbtrace_id": cause.fbtrace_id, "detail": cause.detail}


def record_event(tx: Session, post_id: int, cause: Cause, *, from_state: str | None, to_state: str) -> None:
    values = stored(cause) | {"post_id": post_id, "from_state": from_state, "to_state": to_state}
    tx.execute(insert(PostEvent).values(**values))


def timeline(tx: Session, post_id: int, *, after: int = 0, limit: int | None = None) -> list[PostEvent]:
    """The events of a post, oldest first: all, or at most `limit` behind that one."""
    query = select(PostEvent).where(PostEvent.post_id == post_id, PostEvent.id > after)
    return list(tx.scalars(query.order_by(PostEvent.id).limit(limit)))
