"""What accounts are subscribed to, as people are shown it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.account import Account
from models.hooks.subscription import WANTED, Subscription


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
