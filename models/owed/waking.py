"""What goes on when an account can act again: decided once, for a renewed token and for a person's resume."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.owed.claims import wake_schedulers

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
_HASTEN_POSTS = text("""
    UPDATE posts SET next_action_at = :until
     WHERE account_id = :account_id AND next_action_at > :until AND wait_reason = 'account'
       AND (leased_until IS NULL OR leased_until <= now())
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
    tx.execute(_WAKE_REPLIES, {"account_id": account_id})
    woken = len(tx.execute(_WAKE_POSTS, {"account_id": account_id}).all())
    wake_reading(tx, account_id)
    return woken


def wake_reading(tx: Session, account_id: int) -> None:
    """Make due what is to be read of the account."""
    tx.execute(_WAKE_HARVESTS, {"account_id": account_id})
    wake_schedulers(tx)


def hasten_posts(tx: Session, account_id: int, *, until: datetime) -> None:
    """What waits for the account goes on at `until`, if it was to wait longer. The caller holds its row lock."""
    tx.execute(_HASTEN_POSTS, {"account_id": account_id, "until": until})
    wake_schedulers(tx)
