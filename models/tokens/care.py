"""When tokens are owed care, and how a renewed one takes the place of the one that it was made from.

Whoever stores a token begins its care anew (`begin_care`) under the account's row lock, and takes the row from a worker
that is at it: what that one brings home belongs to the token before, and is thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import Account, token_context, user_token_context
from models.owed.claims import wake_schedulers
from models.tokens.token import Facts, Token, TokenOf
from pressrun.errors import NotPossible
from pressrun.vault import Vault

_BEGIN = text("""
    INSERT INTO tokens (account_id, which, stored_at, kind, expires_at, never_ends, data_access_expires_at, scopes,
                        next_action_at)
    VALUES (:account_id, :which, :now, :kind, :expires_at, :never_ends, :data_access_expires_at, :scopes, :due_at)
    ON CONFLICT (account_id, which) DO UPDATE
       SET stored_at = :now, kind = excluded.kind, expires_at = excluded.expires_at, never_ends = excluded.never_ends,
           data_access_expires_at = excluded.data_access_expires_at, scopes = excluded.scopes, examined_at = NULL,
           clock_ahead_ms = NULL, renewed_at = NULL, renew_at = NULL, refused = NULL, error = NULL,
           failing_since = NULL, told_refused = false, told_end = NULL, told_data_end = NULL, tries = 0,
           next_action_at = :due_at, leased_until = NULL, holder = NULL, claim = tokens.claim + 1
""")
_END = text("DELETE FROM tokens WHERE account_id = :account_id AND which = :which")

# Of accounts that joined while an older release ran, or before there was care. Spread: they all come at once.
_ADD_MISSING = text("""
    INSERT INTO tokens (account_id, which, next_action_at)
    SELECT a.id, w.which, now() + random() * interval '10 minutes'
      FROM accounts a
     CROSS JOIN LATERAL (VALUES ('account', a.token_sealed), ('person', a.user_token_sealed)) AS w(which, sealed)
     WHERE a.state <> 'removed' AND w.sealed IS NOT NULL
       AND NOT EXISTS (SELECT FROM tokens t WHERE t.account_id = a.id AND t.which = w.which)
    ON CONFLICT DO NOTHING
""")

# A leased row belongs to a worker, or to a hint on its way: its look is as fresh as one that would begin now. It may
# have seen that nobody asks, though, so it is owed another one.
_REQUEST = text("""
    UPDATE tokens
       SET asked_at = coalesce(asked_at, now()),
           next_action_at = CASE WHEN leased_until > now() THEN next_action_at ELSE now() END
     WHERE account_id = :account_id
    RETURNING id
""")

_HASTEN_OTHERS = text("""
    UPDATE tokens SET next_action_at = now()
     WHERE account_id = :account_id AND id <> :id AND next_action_at > now()
       AND (leased_until IS NULL OR leased_until <= now())
""")


def begin_care(
    tx: Session,
    account_id: int,
    which: TokenOf,
    *,
    now: datetime,
    facts: Facts | None = None,
    due_at: datetime | None = None,
) -> None:
    """Another token is in force: nothing that was known of the one before counts. The caller holds the account's lock.

    Args:
        facts: what was said of it when it was given out.
        due_at: when it is looked at first; at once unless told.
    """
    known = facts or Facts()
    values = vars(known) | {"scopes": None if known.scopes is None else sorted(set(known.scopes))}
    values |= {"account_id": account_id, "which": which.value, "now": now, "due_at": due_at or now}
    tx.execute(_BEGIN, values)


def end_care(tx: Session, account_id: int, which: TokenOf) -> None:
    """There is no such token any more. The caller holds the account's lock."""
    tx.execute(_END, {"account_id": account_id, "which": which.value})


def add_missing_care(tx: Session) -> int:
    """Give every token in force its row; returns how many were added."""
    result: Any = tx.execute(_ADD_MISSING)
    return int(result.rowcount)


def request_check(tx: Session, account: Account) -> list[int]:
    """Have the account's tokens looked at now; returns the numbers of their rows. Raises NotPossible for none."""
    ids = sorted(row.id for row in tx.execute(_REQUEST, {"account_id": account.id}))
    if not ids:
        add_missing_care(tx)
        ids = sorted(row.id for row in tx.execute(_REQUEST, {"account_id": account.id}))
    if not ids:
        raise NotPossible(f"account {account.name} has no token", type="token.missing", ids={"account": account.id})
    wake_schedulers(tx)
    return ids


def sealed_of(account: Account, which: TokenOf) -> str | None:
    """The ciphertext of one of its tokens."""
    return account.token_sealed if which is TokenOf.ACCOUNT else account.user_token_sealed


def context_of(account_id: int, which: TokenOf) -> str:
    """What binds that ciphertext to its row."""
    return (token_context if which is TokenOf.ACCOUNT else user_token_context)(account_id)


def replace_token(
    tx: Session, account: Account, which: TokenOf, fresh: str, vault: Vault, *, made_from: str | None
) -> bool:
    """Put the renewed token in the place of the one that it was made from. The caller holds the account's lock.

    Args:
        made_from: the sealed token that was renewed.

    Returns:
        False when another one is in force by now, which stays.
    """
    if sealed_of(account, which) != made_from:
        return False
    sealed = vault.seal(fresh, context=context_of(account.id, which))
    if which is TokenOf.ACCOUNT:
        account.token_sealed = sealed
    else:
        account.user_token_sealed = sealed
    return True


def hasten_others(tx: Session, token: Token) -> None:
    """Have the account's other tokens looked at now, unless somebody is at it."""
    tx.execute(_HASTEN_OTHERS, {"account_id": token.account_id, "id": token.id})
    wake_schedulers(tx)


def others_of(tx: Session, token: Token) -> Sequence[Token]:
    """The account's other tokens."""
    query = text("SELECT id FROM tokens WHERE account_id = :account_id AND id <> :id ORDER BY id")
    ids = tx.scalars(query, {"account_id": token.account_id, "id": token.id}).all()
    return [tx.get_one(Token, one) for one in ids]
