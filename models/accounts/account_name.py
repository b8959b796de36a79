"""What accounts have been called on Instagram: `accounts.username` is the newest name, this is every one. Append-only.

A name changes and may pass to somebody else: it helps to recognise an account, and proves nothing.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import Account
from models.store.base import Base
from models.store.types import Id, InstantNow, Str


class AccountName(Base):
    __tablename__ = "account_names"
    __table_args__ = (Index("ix_account_names_account_id", "account_id", "id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    username: Mapped[Str]
    seen_at: Mapped[InstantNow]
    """When it was first read; the account may have been called so for longer."""


def record_name(tx: Session, account_id: int, username: str) -> bool:
    """Instagram calls the account so now. True if that is another name than it was known by."""
    known = tx.scalar(select(Account.username).where(Account.id == account_id).with_for_update(key_share=True))
    if known == username and username in names_of(tx, account_id):
        return False
    tx.execute(update(Account).where(Account.id == account_id).values(username=username, updated_at=func.now()))
    tx.add(AccountName(account_id=account_id, username=username))
    tx.flush()
    return known != username


def names_of(tx: Session, account_id: int) -> frozenset[str]:
    """All names that the account is known to have had, the present one included."""
    past = select(AccountName.username).where(AccountName.account_id == account_id)
    present = select(Account.username).where(Account.id == account_id, Account.username.is_not(None))
    return frozenset(str(name) for name in tx.scalars(past.union(present)))
