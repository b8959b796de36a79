"""What accounts are subscribed to, as people are shown it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import coalesce

from models.accounts.account import Account, AccountState
from models.hooks.subscription import EVERY, WANTED, Subscription

_TOLERATED = EVERY + timedelta(days=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SubscriptionShown:
    """Webhooks of one account. Before the first look nothing is known, and all that is wanted is lacking."""

    account: str
    login: str
    way: str | None
    """`account`, or `page`: then the fields are those of the app's dashboard. None: not known yet."""
    fields: tuple[str, ...]
    """What is subscribed, as Instagram said at `read_at`."""
    wanted: tuple[str, ...]
    lacking: tuple[str, ...]
    lacking_since: datetime | None
    refused: Mapping[str, str]
    """Field → what Instagram said when it was asked for alone."""
    read_at: datetime | None
    error: str | None
    """Why the last look came to nothing."""
    error_at: datetime | None
    next_at: datetime | None
    """When it is looked at again."""

    @property
    def is_whole(self) -> bool:
        """All that is wanted is subscribed, and the last look could tell."""
        return self.read_at is not None and not self.lacking and self.error is None


@dataclass(frozen=True)
class Deaf:
    """An account that lacks webhooks, or of which nobody could tell for a day."""

    account: str
    lacking: tuple[str, ...]
    since: datetime
    error: str | None


def deaf_accounts(tx: Session, *, now: datetime) -> list[Deaf]:
    """Those that hear less than they should, by name; one whose token is refused says so elsewhere."""
    query = (
        select(
            Account.name, Subscription.lacking, Subscription.lacking_since, Subscription.error, Subscription.error_at
        )
        .join(Account, Account.id == Subscription.account_id)
        .where(
            Account.token_refused.is_(None),
            Account.state != AccountState.REMOVED.value,
            or_(
                Subscription.lacking_since.is_not(None),
                and_(Subscription.error.is_not(None), coalesce(Subscription.read_at, _NEVER) < now - _TOLERATED),
            ),
        )
        .order_by(Account.name)
    )
    return [
        Deaf(row.name, tuple(row.lacking), row.lacking_since or row.error_at or now, row.error)
        for row in tx.execute(query)
    ]


def subscription_of(tx: Session, account: Account) -> SubscriptionShown:
    """What is known of the account's webhooks."""
    row = tx.scalar(select(Subscription).where(Subscription.account_id == account.id))
    return SubscriptionShown(
        account=account.name,
        login=account.login,
        way=row.way if row else None,
        fields=tuple(row.fields) if row else (),
        wanted=WANTED,
        lacking=tuple(row.lacking) if row and row.read_at else WANTED,
        lacking_since=row.lacking_since if row else None,
        refused=row.refused if row else {},
        read_at=row.read_at if row else None,
        error=row.error if row else None,
        error_at=row.error_at if row else None,
        next_at=row.next_action_at if row else None,
    )
