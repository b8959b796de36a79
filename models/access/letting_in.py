"""Who shows a key or a cookie: one look for each request, in one round trip. Nothing of it is remembered.

A use is noted once a minute, so that looking costs no write.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from models.access.key import digest_of
from models.access.session import IDLE_FOR
from models.store.driver import rows_of

_NOTED_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Shown:
    """What was shown, and what it lets its bearer see. `accounts`: None for all."""

    id: int
    name: str | None
    """None: the owner of the machine."""
    scopes: tuple[str, ...]
    """Of a key."""
    role: str | None
    """Of a user."""
    accounts: frozenset[int] | None
    user_id: int | None
    is_stale: bool
    """Its use is to be noted."""


def by_key(connection: Connection, secret: str, *, now: datetime) -> Shown | None:
    """The key with that secret, if it is honoured now."""
    found = rows_of(connection, _BY_KEY, {"digest": digest_of(secret)} | _times(now))
    return _key(*found[0]) if found else None


def by_cookie(connection: Connection, secret: str, *, now: datetime) -> Shown | None:
    """The session with that cookie, if it goes on."""
    found = rows_of(connection, _BY_COOKIE, {"digest": digest_of(secret)} | _times(now))
    return _session(*found[0]) if found else None


def keys_still(connection: Connection, ids: Collection[int], *, now: datetime) -> dict[int, Shown]:
    """Those of these keys that are honoured now, by id."""
    rows = rows_of(connection, _KEYS, {"ids": list(ids)} | _times(now)) if ids else ()
    return {one.id: one for one in (_key(*row) for row in rows)}


def sessions_still(connection: Connection, ids: Collection[int], *, now: datetime) -> dict[int, Shown]:
    """Those of these sessions that go on, by id."""
    rows = rows_of(connection, _SESSIONS, {"ids": list(ids)} | _times(now)) if ids else ()
    return {one.id: one for one in (_session(*row) for row in rows)}


def note_use(tx: Session, *, now: datetime, key_id: int | None = None, session_id: int | None = None) -> None:
    """Write down that it was used, unless another request has just done so."""
    told = {"now": now, "stale": now - _NOTED_EVERY}
    if key_id is not None:
        tx.execute(_NOTE_KEY, told | {"id": key_id})
    if session_id is not None:
        tx.execute(_NOTE_SESSION, told | {"id": session_id})


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "stale": now - _NOTED_EVERY, "idle": now - IDLE_FOR}


def _key(id_: int, name: str, scopes: list[str], is_stale: bool, accounts: list[int] | None) -> Shown:
    return Shown(id_, name, tuple(scopes), None, None if accounts is None else frozenset(accounts), None, is_stale)


def _session(
    id_: int, user_id: int | None, name: str | None, role: str | None, is_stale: bool, accounts: list[int] | None
) -> Shown:
    return Shown(id_, name, (), role, None if accounts is None else frozenset(accounts), user_id, is_stale)


_OF_KEYS: LiteralString = """
    SELECT k.id, k.name, k.scopes, coalesce(k.last_used_at < %(stale)s, true) AS is_stale,
           CASE WHEN k.is_limited THEN ARRAY(SELECT g.account_id FROM grants g WHERE g.key_id = k.id) END AS accounts
      FROM api_keys k
     WHERE {which} AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
"""
_OF_SESSIONS: LiteralString = """
    SELECT s.id, s.user_id, u.name, u.role, s.last_used_at < %(stale)s AS is_stale,
           CASE WHEN u.is_limited THEN ARRAY(SELECT g.account_id FROM grants g WHERE g.user_id = u.id) END AS accounts
      FROM sessions s LEFT JOIN users u ON u.id = s.user_id
     WHERE {which} AND s.ended_at IS NULL AND s.expires_at > %(now)s AND s.last_used_at > %(idle)s
       AND (s.user_id IS NULL OR u.state = 'active')
"""
_BY_KEY = _OF_KEYS.format(which="(k.digest = %(digest)s OR k.old_digest = %(digest)s AND k.old_until > %(now)s)")
_KEYS = _OF_KEYS.format(which="k.id = ANY(%(ids)s)")
_BY_COOKIE = _OF_SESSIONS.format(which="s.digest = %(digest)s")
_SESSIONS = _OF_SESSIONS.format(which="s.id = ANY(%(ids)s)")
_NOTE_KEY = text("""
    UPDATE api_keys SET last_used_at = :now WHERE id = :id AND coalesce(last_used_at < :stale, true)
""")
_NOTE_SESSION = text("UPDATE sessions SET last_used_at = :now WHERE id = :id AND last_used_at < :stale")
