"""The audit as lists show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.access.audit import AuditEntry

_AT_ONCE = 1000


@dataclass(frozen=True)
class EntryShown:
    """One change. `face`: cli, api, mcp or page. `before`, `after`: what the operation said of them."""

    id: int
    at: datetime
    asker: str
    face: str
    key_id: int | None
    user_id: int | None
    session_id: int | None
    operation: str
    effect: str
    asked: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True)
class Which:
    """Which entries; None: whatever."""

    asker: str | None = None
    operation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None
    """Those that were written before that one: where a page goes on."""


def newest_entries(tx: Session, which: Which, *, limit: int) -> list[EntryShown]:
    """At most `limit`, newest first."""
    query = _query(which).order_by(AuditEntry.seen_at.desc(), AuditEntry.id.desc()).limit(limit)
    return [_shown(one) for one in tx.scalars(query)]


def all_entries(tx: Session, which: Which) -> Iterator[EntryShown]:
    """All of them, oldest first, a few in memory at a time."""
    query = _query(which).order_by(AuditEntry.seen_at, AuditEntry.id).execution_options(yield_per=_AT_ONCE)
    yield from (_shown(one) for one in tx.scalars(query))


def _query(which: Which) -> Select[AuditEntry]:
    query = select(AuditEntry)
    if which.asker is not None:
        query = query.where(AuditEntry.asker == which.asker)
    if which.operation is not None:
        query = query.where(AuditEntry.operation == which.operation)
    if which.since is not None:
        query = query.where(AuditEntry.seen_at >= which.since)
    if which.until is not None:
        query = query.where(AuditEntry.seen_at < which.until)
    if which.before_id is not None:
        query = query.where(AuditEntry.id < which.before_id)
    return query


def _shown(one: AuditEntry) -> EntryShown:
    return EntryShown(
        id=one.id,
        at=one.seen_at,
        asker=one.asker,
        face=one.face,
        key_id=one.key_id,
        user_id=one.user_id,
        session_id=one.session_id,
        operation=one.operation,
        effect=one.effect,
        asked=one.asked,
        before=one.before,
        after=one.after,
    )
