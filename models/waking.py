"""What goes on when an account can act again: decided once, for a renewed token and for a person's resume."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.claims import wake_schedulers

# What somebody works on right now stays theirs. A worker that is about to put a post off because of its account looks
# at the account once more under its row lock, which the caller holds: it either sees the account as it is now, or has
# put the post off before this statement looks for it.
_WAKE_POSTS = text("""
    UPDATE posts SET next_action_at = now(), wait_reason = NULLIF(wait_reason, 'account')
     WHERE account_id = :account_id AND next_action_at IS NOT NULL
       AND (leased_until IS NULL OR leased_until <= now())
       AND (wait_reason = 'account' OR state = 'uncertain')
    RETURNING id
""")
_WAKE_REPLIES = text("""
    UPDATE replies SET next_action_at = now()
     WHERE account_id = :account_id AND next_action_at IS NOT NULL AND (leased_until IS NULL OR leased_until <= now())
""")
_WAKE_HARVESTS = text("""
    UPDATE harvests SET next_action_at = now()
     WHERE account_id = :account_id AND slot_at <= now() AND (leased_until IS NULL OR leased_until <= now())
""")


def wake_account(tx: Session, account_id: int) -> int:
    """Make due what waited for the account; returns how many posts that were. A backlog goes out spaced.

    The caller has made the account active in this transaction, and so holds its row lock.
    """
    owner = {"account_id": account_id}
    tx.execute(_WAKE_HARVESTS, owner)
    tx.execute(_WAKE_REPLIES, owner)
    woken = len(tx.execute(_WAKE_POSTS, owner).all())
    wake_schedulers(tx)
    return woken
