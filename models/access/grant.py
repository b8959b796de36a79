"""Which accounts a key or a person that is limited may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, delete, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from models.access.key import ApiKey
from models.access.user import User
from models.accounts.account import Account
from models.store.base import Base
from models.store.types import Id


class Grant(Base):
    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("num_nonnulls(key_id, user_id) = 1", name="to_one"),
        Index("uq_grants_key", "key_id", "account_id", unique=True, postgresql_where=text("key_id IS NOT NULL")),
        Index("uq_grants_user", "user_id", "account_id", unique=True, postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_grants_account_id", "account_id"),
    )

    id: Mapped[Id]
    key_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("api_keys.id"))
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))


def names_granted(tx: Session, to: ApiKey | User) -> list[str] | None:
    """Names of the accounts that it may see; None: all of them."""
    return names_granted_each(tx, [to])[to.id]


def names_granted_each(tx: Session, those: Sequence[ApiKey | User]) -> dict[int, list[str] | None]:
    """The same of several of a kind, by their numbers, in one query."""
    found: dict[int, list[str] | None] = {one.id: [] if one.is_limited else None for one in those}
    limited = [one.id for one in those if one.is_limited]
    if limited:
        column, names = _column(those[0]), func.array_agg(aggregate_order_by(Account.name, Account.name))
        query = select(column, names).join(Account, Grant.account_id == Account.id).where(column.in_(limited))
        found |= {number: list(told) for number, told in tx.execute(query.group_by(column)) if number is not None}
    return found


def grant(tx: Session, to: ApiKey | User, account_ids: Collection[int] | None) -> None:
    """Let it see these accounts and no others; None: all of them."""
    tx.execute(delete(Grant).where(_column(to) == to.id))
    to.is_limited = account_ids is not None
    which = "key_id" if isinstance(to, ApiKey) else "user_id"
    tx.add_all(Grant(account_id=one, **{which: to.id}) for one in sorted(set(account_ids or ())))
    tx.flush()


def _column(to: ApiKey | User) -> InstrumentedAttribute[int | None]:
    return Grant.key_id if isinstance(to, ApiKey) else Grant.user_id
