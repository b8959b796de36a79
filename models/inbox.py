"""The inbox: webhook changes as they arrived, stored before they are answered, handled once.

Instagram gives its notifications no id and repeats them, so a change is known by the digest of what it says.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.types import Id, Instant, InstantNow, Str


class InboxEvent(Base):
    __tablename__ = "inbox_events"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_inbox_events_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_inbox_events_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    digest: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    """Null when the notification names an account that we do not have; it is kept all the same."""
    object: Mapped[Str]
    entry_id: Mapped[Str]
    field: Mapped[Str]
    value: Mapped[Any] = mapped_column(JSONB)
    sent_at: Mapped[Instant | None]
    received_at: Mapped[InstantNow]
    deliveries: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    handled_at: Mapped[Instant | None]
    error: Mapped[Str | None]
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)


def digest(object_: str, entry_id: str, field: str, value: Any) -> str:
    """What makes two notifications the same. The time of sending is left out: a repeat carries another."""
    body = json.dumps([object_, entry_id, field, value], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def store_change(
    tx: Session,
    *,
    account_id: int | None,
    object_: str,
    entry_id: str,
    field: str,
    value: Any,
    sent_at: datetime | None,
) -> bool:
    """Keep one change; False when it was there already."""
    query = insert(InboxEvent).values(
        digest=digest(object_, entry_id, field, value),
        account_id=account_id,
        object=object_,
        entry_id=entry_id,
        field=field,
        value=value,
        sent_at=sent_at,
        next_action_at=func.now(),
    )
    query = query.on_conflict_do_update(
        index_elements=[InboxEvent.digest], set_={"deliveries": InboxEvent.deliveries + 1}
    )
    return bool(tx.execute(query.returning(text("xmax = 0"))).scalar_one())
