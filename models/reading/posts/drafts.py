"""Drafts as lists and pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.posts.draft import Draft


@dataclass(frozen=True)
class DraftRow:
    """A draft as it was written. `fields`: column of a campaign → text."""

    id: int
    account: str | None
    timezone: str | None
    fields: dict[str, str]
    version: int
    author: str
    created_at: datetime
    updated_at: datetime


_COLUMNS = (
    Draft.id,
    Account.name.label("account"),
    Account.timezone,
    Draft.fields,
    Draft.version,
    Draft.author,
    Draft.created_at,
    Draft.updated_at,
)


def newest_drafts(
    tx: Session, account_id: int | None, *, limit: int, before: int | None = None, id_: int | None = None
) -> list[DraftRow]:
    """At most `limit` drafts, newest first; with `before`, only those of smaller numbers."""
    query = select(*_COLUMNS).outerjoin(Account, Account.id == Draft.account_id)
    if account_id is not None:
        query = query.where(Draft.account_id == account_id)
    if before is not None:
        query = query.where(Draft.id < before)
    if id_ is not None:
        query = query.where(Draft.id == id_)
    return [DraftRow(**row._mapping) for row in tx.execute(query.order_by(Draft.id.desc()).limit(limit))]
