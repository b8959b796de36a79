"""Who connected an account: the id under which Meta's callbacks name them, and what follows when they go.

On Facebook Login that is the person, on Instagram Login the account; in both cases scoped to the app (graph-api.md
§1.4), so Instagram's own id of the account says nothing of it, though it is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import break_account, lock_account
from models.hooks.subscription import Subscription
from models.owed.claims import wake_schedulers

WITHDRAWN = "whoever connected it has removed the app from their Facebook or Instagram account"
_SKEW = timedelta(seconds=60)
"""Instagram's clock is not ours."""

_OF_OWNER = """
    SELECT a.id FROM accounts a LEFT JOIN subscriptions s ON s.account_id = a.id
     WHERE (s.owner_id = :user_id OR a.ig_id = :user_id) AND (:with_removed OR a.state <> 'removed')
     ORDER BY a.id
"""
_CONNECTED_AT = text("SELECT max(settled_at) FROM connections WHERE account_id = :id AND state = 'done'")
_ASK_UNKNOWN = text("""
    UPDATE subscriptions s SET next_action_at = :now
      FROM accounts a
     WHERE a.id = s.account_id AND s.owner_id IS NULL AND a.state <> 'removed' AND a.token_refused IS NULL
       AND (s.leased_until IS NULL OR s.leased_until <= :now)
    RETURNING s.id
""")
_UNKNOWN = text("""
    SELECT count(*) FROM accounts a LEFT JOIN subscriptions s ON s.account_id = a.id WHERE s.owner_id IS NULL
""")


@dataclass(frozen=True)
class Withdrawal:
    """What became of it: accounts that are held back, and how many whose owner is not known are asked."""

    broken: Sequence[int]
    asked: int


def record_owner(subscription: Subscription, owner_id: str, *, now: datetime) -> None:
    """Keep whose token it is."""
    subscription.owner_id, subscription.owner_read_at = owner_id, now


def accounts_of(tx: Session, user_id: str, *, with_removed: bool = False) -> list[int]:
    """The accounts that this person, or this account of Instagram Login, is known to have connected."""
    found = tx.scalars(text(_OF_OWNER), {"user_id": user_id, "with_removed": with_removed})
    return [int(one) for one in found]


def without_owner(tx: Session) -> int:
    """How many accounts nobody is known to have connected."""
    return int(tx.execute(_UNKNOWN).scalar_one())


def withdraw(tx: Session, user_id: str, *, issued_at: datetime | None, now: datetime) -> Withdrawal:
    """Hold the accounts of whoever removed the app. Those that were connected anew since then stay as they are.

    Where none is known, those whose owner is not known are asked for: their token is dead if it is theirs.
    """
    ids = accounts_of(tx, user_id)
    broken = [one for one in ids if not _is_connected_since(tx, one, issued_at) and _break(tx, one)]
    asked = 0
    if not ids:
        asked = len(tx.execute(_ASK_UNKNOWN, {"now": now}).all())
        wake_schedulers(tx)
    return Withdrawal(broken, asked)


def _is_connected_since(tx: Session, account_id: int, issued_at: datetime | None) -> bool:
    """Sent again, or late: then it says nothing of the token that is in force."""
    connected_at = tx.execute(_CONNECTED_AT, {"id": account_id}).scalar_one()
    return issued_at is not None and connected_at is not None and connected_at > issued_at + _SKEW


def _break(tx: Session, account_id: int) -> bool:
    account = lock_account(tx, account_id)
    return break_account(tx, account_id, token_seen=account.token_sealed, reason=WITHDRAWN)
