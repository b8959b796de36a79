"""What accounts watch beside their own numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.harvests.watch import Watch
from models.history.public_media import PublicMedia


@dataclass(frozen=True)
class Watched:
    """`media`: how many media were seen there."""

    account: str
    kind: str
    name: str
    media: int
    last_checked_at: datetime | None


def watched(tx: Session, account_id: int | None = None) -> list[Watched]:
    """What is watched, by account, kind and name."""
    media = select(func.count()).where(PublicMedia.watch_id == Watch.id).scalar_subquery().label("media")
    query = (
        select(Account.name.label("account"), Watch.kind, Watch.name, media, Watch.last_checked_at)
        .join(Account, Account.id == Watch.account_id)
        .where(Watch.ended_at.is_(None))
        .order_by(Account.name, Watch.kind, Watch.name)
    )
    if account_id is not None:
        query = query.where(Watch.account_id == account_id)
    return [Watched(**row._mapping) for row in tx.execute(query)]
