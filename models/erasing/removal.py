"""The removal of an account: what is in its way, what it would take, and how all of it is taken from whoever works.

    kept     its token goes, what is owed it ends, its history stays under its name (state `removed`)
    erased   all rows of it go, in one transaction that writes down what went

Nothing is removed while a call to Instagram may have taken effect and nobody knows: what it was would be lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import Account, lock_account
from models.connecting.connection import BARE
from models.erasing import erasure
from models.erasing.ends import ENDS
from models.erasing.erasure import ErasureKind, Wish
from pressrun.errors import NotPossible

REMOVED = "the account was removed"
_MOST_NAMED = 5

_UNDER_WAY = text("""
    SELECT 'post ' || p.id || ' is ' || p.state AS what FROM posts p
     WHERE p.account_id = :account_id AND p.state IN ('publishing', 'uncertain', 'needs_review')
    UNION
    SELECT CASE WHEN r.id IS NULL THEN 'post ' || p.id || ': its ' || a.action
                ELSE coalesce('mention ' || r.mention_id, 'comment ' || r.to_comment_id) || ': its reply' END
           || CASE a.state WHEN 'intent' THEN ' is being sent'
                           WHEN 'unknown' THEN ' was sent, and whether it stands is being found out'
                           ELSE ' may stand or not: a person has to look' END
      FROM attempts a
      LEFT JOIN posts p ON p.id = a.post_id
      LEFT JOIN replies r ON r.id = a.reply_id
     WHERE coalesce(p.account_id, r.account_id) = :account_id AND a.state IN ('intent', 'unknown', 'needs_review')
       AND coalesce(p.state NOT IN ('publishing', 'uncertain', 'needs_review'), true)
     ORDER BY 1
""")

# By the number of its claim every worker that has a row of the account loses it: it can store nothing more. A store
# that is under way is waited for. In the order of locks (`models/__init__.py`).
_WORK = (
    "posts",
    "harvests",
    "backfills",
    "inbox_events",
    "replies",
    "notices",
    "uploads",
    "tokens",
    "subscriptions",
    "inquiries",
    "follow_ups",
)


def under_way(tx: Session, account_id: int) -> list[str]:
    """What is being sent, or may have been, as lines for people."""
    return [str(line) for line in tx.scalars(_UNDER_WAY, {"account_id": account_id})]


def require_settled(tx: Session, account: Account) -> None:
    """Raises NotPossible while something of the account is being sent, or may have been."""
    lines = under_way(tx, account.id)
    if lines:
        more = f" and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
        raise NotPossible(
            f"account {account.name} cannot be removed now: {'; '.join(lines[:_MOST_NAMED])}{more}. "
            "Wait until it is known what became of it, or say so where a person has to",
            type="account.busy",
            ids={"account": account.id},
        )


def count_rows(tx: Session, account_id: int) -> dict[str, int]:
    """How many rows of each table are the account's, those that have none left out."""
    counted = {}
    for table, condition in _of_account().items():
        query = f"SELECT count(*) FROM {table} t WHERE {condition}"  # noqa: S608 - constants
        count = tx.execute(text(query), {"account_id": account_id}).scalar_one()
        if count:
            counted[table] = int(count)
    return counted


def take_work(tx: Session, account_id: int) -> None:
    """Take all work of the account from whoever has it. The caller holds the account's row lock."""
    for table in _WORK:
        query = f"""
            WITH held AS (
                SELECT id FROM {table}
                 WHERE account_id = :account_id AND (next_action_at IS NOT NULL OR leased_until IS NOT NULL)
                 ORDER BY id FOR UPDATE)
            UPDATE {table} w SET claim = claim + 1, leased_until = NULL FROM held WHERE w.id = held.id
        """  # noqa: S608 - constants
        tx.execute(text(query), {"account_id": account_id})


def hold(tx: Session, account: Account) -> Account:
    """The account under its row lock, as its removal needs it: a connection that is asked for comes before it."""
    asked = "SELECT 1 FROM connections WHERE state = 'asked' AND ig_id = :id FOR UPDATE"
    tx.execute(text(asked), {"id": account.ig_id})
    return lock_account(tx, account.id)


def erase_settled(tx: Session, account: Account, wish: Wish) -> dict[str, int]:
    """Erase an account that is held, and all that is known of it; returns rows by table.

    Raises NotPossible while something of it is being sent or uncertain.
    """
    take_work(tx, account.id)
    require_settled(tx, account)
    # FOR UPDATE and no less: nobody refers to the account any more between here and its end.
    tx.execute(text("SELECT 1 FROM accounts WHERE id = :id FOR UPDATE"), {"id": account.id})
    return erase_account(tx, account, wish)


def erase_account(tx: Session, account: Account, wish: Wish) -> dict[str, int]:
    """Delete all that is known of the account, and write down how much that was; returns rows by table.

    The caller has made sure that nothing is under way, and has taken its work.
    """
    told = (account.id, account.name)
    written = erasure.record(tx, ErasureKind.ACCOUNT_ERASED, wish, account=told)
    gone: dict[str, int] = {}
    for table, condition in _of_account().items():
        query = f"DELETE FROM {table} t WHERE {condition}"  # noqa: S608 - constants
        result: Any = tx.execute(text(query), {"account_id": account.id})
        if result.rowcount:
            gone[table] = int(result.rowcount)
    erasure.conclude(tx, written, gone)
    return gone


def lay_down(tx: Session, account: Account, wish: Wish) -> dict[str, int]:
    """Take the account's token and all that is owed it, and keep its history; returns how many rows of what ended.

    The caller has made sure that nothing is under way, has taken its work, and has canceled its posts.
    """
    told = {"account_id": account.id, "now": wish.now, "why": REMOVED}
    ended: dict[str, int] = {}
    for table, statement in _LAY_DOWN.items():
        result: Any = tx.execute(text(statement), told)
        if result.rowcount:
            ended[table] = int(result.rowcount)
    erasure.conclude(
        tx, erasure.record(tx, ErasureKind.ACCOUNT_REMOVED, wish, account=(account.id, account.name)), ended
    )
    return ended


def _of_account() -> Mapping[str, str]:
    return {table: end.of_account for table, end in ENDS.items() if end.of_account is not None}


_LAY_DOWN: Mapping[str, str] = {
    "connections": f"""
        UPDATE connections SET state = 'failed', error = :why, error_kind = 'failed', error_type = 'account.removed',
               {BARE}, claim = claim + 1
         WHERE state = 'asked' AND ig_id = (SELECT ig_id FROM accounts WHERE id = :account_id)
    """,  # noqa: S608 - a constant
    # What a live post still lacked it lacks for good, and says so.
    "posts": """
        UPDATE posts SET next_action_at = NULL, updated_at = :now,
               missing = CASE WHEN lacks = '{}' THEN missing ELSE coalesce(missing, '{}') || lacks END,
               error = CASE WHEN lacks = '{}' THEN error ELSE :why END,
               error_class = CASE WHEN lacks = '{}' THEN error_class ELSE 'incomplete' END
          FROM (SELECT id AS post_id,
                       CASE WHEN first_comment <> '' AND comment_id IS NULL
                            THEN jsonb_build_object('comment', CAST(:why AS text)) ELSE '{}' END
                       || CASE WHEN permalink IS NULL
                               THEN jsonb_build_object('permalink', CAST(:why AS text)) ELSE '{}' END AS lacks
                  FROM posts WHERE account_id = :account_id AND next_action_at IS NOT NULL) owed
         WHERE id = post_id
    """,
    "uploads": """
        UPDATE uploads SET state = 'dropped', settled_at = :now, next_action_at = NULL
         WHERE account_id = :account_id AND state = 'owed'
    """,
    "replies": """
        UPDATE replies SET state = 'failed', error = :why, settled_at = :now, settled_by = 'person',
               next_action_at = NULL
         WHERE account_id = :account_id AND state = 'queued'
    """,
    "harvests": """
        UPDATE harvests SET slot_at = NULL, next_action_at = NULL
         WHERE account_id = :account_id AND (slot_at IS NOT NULL OR next_action_at IS NOT NULL)
    """,
    "backfills": """
        UPDATE backfills SET finished_at = :now, next_action_at = NULL
         WHERE account_id = :account_id AND finished_at IS NULL
    """,
    "inbox_events": """
        UPDATE inbox_events SET handled_at = :now, error = 'kept: ' || :why, next_action_at = NULL
         WHERE account_id = :account_id AND next_action_at IS NOT NULL
    """,
    "watches": "UPDATE watches SET ended_at = :now WHERE account_id = :account_id AND ended_at IS NULL",
    "tokens": "DELETE FROM tokens WHERE account_id = :account_id",
    "follow_ups": """
        UPDATE follow_ups SET ended_at = :now, error = :why, next_action_at = NULL
         WHERE account_id = :account_id AND next_action_at IS NOT NULL
    """,
    "inquiries": """
        UPDATE inquiries SET state = 'failed', error = :why, error_kind = 'failed', error_type = 'account.removed',
               settled_at = :now, next_action_at = NULL
         WHERE account_id = :account_id AND next_action_at IS NOT NULL
    """,
    "subscriptions": """
        UPDATE subscriptions SET next_action_at = NULL WHERE account_id = :account_id AND next_action_at IS NOT NULL
    """,
    "slots": "DELETE FROM slots WHERE account_id = :account_id",
    "accounts": """
        UPDATE accounts SET state = 'removed', state_reason = NULL, state_until = NULL, token_refused = NULL,
               token_sealed = NULL, user_token_sealed = NULL, is_reading_paused = false, updated_at = :now
         WHERE id = :account_id
    """,
}
"""What is owed the account, and how it ends."""
