"""Which account is meant, as operations are asked."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.accounts.account import find_account


def account_id_of(tx: Session, account: str | None, *, removed: bool = True) -> int | None:
    """The number of the account of that name or Instagram id; None stands for all. Raises Unknown.

    Args:
        removed: it may be one that was removed: its history can be looked at. Otherwise raises NotPossible for it.
    """
    return None if account is None else find_account(tx, account, removed=removed).id
