"""Deletions that people asked of Meta, as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.hooks.deletion import Deletion, deletion_of


@dataclass(frozen=True)
class DeletionShown:
    """One request, and how far it is."""

    code: str
    user_id: str
    state: str
    erased: int
    rows: Mapping[str, int]
    error: str | None
    asked_at: datetime
    settled_at: datetime | None


def list_deletions(tx: Session, *, limit: int = 100) -> list[DeletionShown]:
    """The newest first."""
    return [_shown(one) for one in tx.scalars(select(Deletion).order_by(Deletion.id.desc()).limit(limit))]


def show_deletion(tx: Session, code: str) -> DeletionShown:
    """Raises Unknown."""
    return _shown(deletion_of(tx, code))


def open_deletions(tx: Session) -> list[DeletionShown]:
    """Those that are not settled."""
    query = select(Deletion).where(Deletion.settled_at.is_(None)).order_by(Deletion.id)
    return [_shown(one) for one in tx.scalars(query)]


def _shown(row: Deletion) -> DeletionShown:
    return DeletionShown(
        code=row.code,
        user_id=row.user_id,
        state=row.state,
        erased=row.erased,
        rows=row.counts,
        error=row.error,
        asked_at=row.asked_at,
        settled_at=row.settled_at,
    )
