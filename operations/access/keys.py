"""Keys of the API: who was given which, what each may, and when it was last used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.access import key as keys
from models.access.audit import note
from models.access.grant import grant, names_granted, names_granted_each
from models.access.key import ApiKey
from models.accounts.account import find_account
from operations.access.rights import scopes_of
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Conflict, Invalid

LONGEST_OVERLAP = timedelta(days=30)
_NAME = re.compile(r"[\w][\w .@-]{0,63}")


@dataclass(frozen=True)
class KeyShown:
    """A key in a list. `accounts`: what it is limited to; None: it sees all. `state`: active, expired or revoked."""

    name: str
    begins: str
    scopes: list[str]
    accounts: list[str] | None
    state: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    old_until: datetime | None
    """Up to when the key before it is honoured as well."""


@dataclass(frozen=True)
class KeyMade:
    """`key` is told this once. After a rotation the one before is honoured until `old_until`."""

    name: str
    key: str = field(repr=False)
    scopes: list[str]
    accounts: list[str] | None
    expires_at: datetime | None
    old_until: datetime | None = None


@operation("key.add", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def add(
    ctx: Context,
    asker: Asker,
    name: str,
    *,
    scopes: Sequence[str],
    accounts: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> KeyMade:
    """Give a program a key of its own, for all accounts or for these.

    Raises Invalid for a name, a scope or a time that cannot be, Conflict for a name that is taken, Unknown for an
    account.
    """
    if not _NAME.fullmatch(name):
        raise Invalid("a name has up to 64 letters, digits, spaces and .@-_", type="key.name", field="name")
    wanted, now = scopes_of(scopes), clock.now()
    if expires_at is not None and expires_at <= now:
        raise Invalid("a key cannot expire in the past", type="key.expires", field="expires_at")
    with ctx.database.transaction() as tx:
        if keys.is_taken(tx, name):
            raise Conflict(f"there is a key {name!r} already", type="key.taken", field="name")
        ids = None if accounts is None else {find_account(tx, one, removed=True).id for one in accounts}
        made, secret = keys.add_key(
            tx,
            name,
            sorted(wanted),
            is_limited=ids is not None,
            created_by=asker.name,
            expires_at=expires_at,
        )
        grant(tx, made, ids)
        return _made(tx, made, secret)


@operation("key.list", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def list_keys(ctx: Context, asker: Asker, *, revoked: bool = False) -> list[KeyShown]:
    """Keys by name; with `revoked` those that were taken back as well."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        found = keys.all_keys(tx, revoked=revoked)
        accounts = names_granted_each(tx, found)
        return [_shown(one, accounts[one.id], now) for one in found]


@operation("key.rotate", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def rotate(ctx: Context, asker: Asker, name: str, *, keep_old: timedelta = timedelta(days=1)) -> KeyMade:
    """Give a key a new secret; the one before is honoured for a while. Raises Unknown, Invalid."""
    if not timedelta(0) <= keep_old <= LONGEST_OVERLAP:
        raise Invalid("the old key can be kept for 30 days at most", type="rotation.too_long", field="keep_old")
    with ctx.database.transaction() as tx:
        found = keys.find_key(tx, name)
        secret = keys.rotate_key(found, old_until=clock.now() + keep_old)
        return _made(tx, found, secret)


@operation("key.revoke", effect=Effect.DESTROYS, scope=Scope.ADMIN, whole=True)
def revoke(ctx: Context, asker: Asker, name: str) -> None:
    """Honour a key no more, from now on. Raises Unknown."""
    with ctx.database.transaction() as tx:
        found = keys.find_key(tx, name)
        found.revoked_at = clock.now()
        note(tx, before={"scopes": found.scopes, "accounts": names_granted(tx, found)})


def _made(tx: Session, key: ApiKey, secret: str) -> KeyMade:
    return KeyMade(key.name, secret, key.scopes, names_granted(tx, key), key.expires_at, key.old_until)


def _shown(key: ApiKey, accounts: list[str] | None, now: datetime) -> KeyShown:
    is_over = key.expires_at is not None and key.expires_at <= now
    return KeyShown(
        name=key.name,
        begins=key.begins,
        scopes=key.scopes,
        accounts=accounts,
        state="revoked" if key.revoked_at is not None else "expired" if is_over else "active",
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        old_until=key.old_until if key.old_until is not None and key.old_until > now else None,
    )
