"""Accounts as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from models.accounts import quota
from models.accounts.account import Account, AccountState
from models.posts.post import Post
from models.posts.states import ACTIVE


@dataclass(frozen=True)
class AccountShown:
    """An account in a list."""

    name: str
    login: str
    ig_id: str
    username: str | None
    state: str
    state_reason: str | None
    state_until: datetime | None
    """When a hold of Instagram's ends."""
    is_reading_paused: bool
    timezone: str
    quota_used: int
    """Publishes in the window that ends now."""
    quota_total: int
    posts_waiting: int
    """Posts that are still owed a step."""


@dataclass(frozen=True)
class AccountNamed:
    """What a page needs of an account to offer it."""

    name: str
    timezone: str


def list_accounts(tx: Session, *, now: datetime) -> list[AccountShown]:
    """All accounts by name; their tokens are not read."""
    counts = select(Post.account_id, func.count().label("waiting")).where(Post.state.in_([s.value for s in ACTIVE]))
    waiting = {row.account_id: row.waiting for row in tx.execute(counts.group_by(Post.account_id))}
    query = (
        select(Account)
        .order_by(Account.name)
        .options(defer(Account.token_sealed, raiseload=True), defer(Account.user_token_sealed, raiseload=True))
    )
    used = quota.used_by_account(tx, now=now)
    return [_shown(one, used.get(one.id, 0), waiting.get(one.id, 0)) for one in tx.scalars(query)]


def account_names(tx: Session) -> list[AccountNamed]:
    """Those that were not removed, by name."""
    query = select(Account.name, Account.timezone).where(Account.state != AccountState.REMOVED.value)
    return [AccountNamed(row.name, row.timezone) for row in tx.execute(query.order_by(Account.name))]


def _shown(account: Account, used: int, waiting: int) -> AccountShown:
    return AccountShown(
        name=account.name,
        login=account.login,
        ig_id=account.ig_id,
        username=account.username,
        state=account.state,
        state_reason=account.state_reason,
        state_until=account.state_until,
        is_reading_paused=account.is_reading_paused,
        timezone=account.timezone,
        quota_used=used,
        quota_total=quota.total_of(account),
        posts_waiting=waiting,
    )
