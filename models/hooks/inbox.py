"""The inbox: webhook changes as they arrived, stored before they are answered, handled once.

Instagram gives its notifications no id and repeats them, so a change is known by the digest of what it says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str


class InboxEvent(Base):
    __tablename__ = "inbox_events"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_inbox_events_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_inbox_events_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
        Index("ix_inbox_events_received_at", "received_at"),
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


@dataclass(frozen=True)
class NewChange:
    """One change of a notification, on its way into the inbox."""

    account_id: int | None
    object: str
    entry_id: str
    field: str
    value: Any
    sent_at: datetime | None


# One statement however many there are: Instagram gathers up to a thousand. In one order for all, since two deliveries
# of the same changes must not wait for each other in a ring. A JSON null becomes one of SQL on its way.
_STORE = text("""
    INSERT INTO inbox_events AS e
           (digest, account_id, object, entry_id, field, value, sent_at, deliveries, next_action_at)
    SELECT digest, account_id, object, entry_id, field, coalesce(value, CAST('null' AS jsonb)), sent_at, times, now()
      FROM jsonb_to_recordset(CAST(:changes AS jsonb))
        AS c(digest text, account_id bigint, object text, entry_id text, field text, value jsonb,
             sent_at timestamptz, times int)
     ORDER BY digest
    ON CONFLICT (digest) DO UPDATE SET deliveries = e.deliveries + excluded.deliveries
    RETURNING xmax = 0
""")


def store_changes(tx: Session, changes: Iterable[NewChange]) -> int:
    """Keep what a notification says; returns how much of it had not been told before."""
    rows: dict[str, dict[str, Any]] = {}
    for one in changes:
        key = digest(one.object, one.entry_id, one.field, one.value)
        row = rows.setdefault(key, {"digest": key, "times": 0, **vars(one)})
        row["times"] += 1
    if not rows:
        return 0
    listed = json.dumps(list(rows.values()), default=datetime.isoformat)
    return sum(tx.execute(_STORE, {"changes": listed}).scalars())
