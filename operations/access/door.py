"""Who somebody is: the bearer of a key, or whose session a cookie stands for.

Asked anew with each request, and of event streams again and again: what was revoked lets nobody in any more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from models.access import letting_in
from models.access.key import MARK
from models.access.letting_in import Shown
from models.access.user import Role
from operations.access.rights import OF_ROLE
from operations.operation import OWNER, Asker, Context, Effect, Face, Scope, operation
from pressrun import clock

DOOR = Asker("door", frozenset({Scope.ENTER}), Face.PAGE)
"""Whatever lets people in."""


@operation("access.by_key", effect=Effect.READS, scope=Scope.ENTER)
def by_key(ctx: Context, asker: Asker, secret: str, *, face: Face = Face.API) -> Asker | None:
    """Who shows this key; None when it is not, or no longer, honoured."""
    if not secret.startswith(MARK):
        return None
    now = clock.now()
    with ctx.database.glance() as connection:
        shown = letting_in.by_key(connection, secret, now=now)
    if shown is not None and shown.is_stale:
        with ctx.database.transaction() as tx:
            letting_in.note_use(tx, now=now, key_id=shown.id)
    return None if shown is None else _bearer(shown, face)


@operation("access.by_key_number", effect=Effect.READS, scope=Scope.ENTER)
def by_key_number(ctx: Context, asker: Asker, key_id: int, *, face: Face = Face.API) -> Asker | None:
    """Whoever has the key of that number, for what was signed on its behalf; None when it is honoured no longer."""
    with ctx.database.glance() as connection:
        found = letting_in.keys_still(connection, {key_id}, now=clock.now())
    return _bearer(found[key_id], face) if key_id in found else None


@operation("access.by_cookie", effect=Effect.READS, scope=Scope.ENTER)
def by_cookie(ctx: Context, asker: Asker, secret: str, *, face: Face = Face.PAGE) -> Asker | None:
    """Whose session this cookie stands for; None when it stands for none, or for one that is over."""
    now = clock.now()
    with ctx.database.glance() as connection:
        shown = letting_in.by_cookie(connection, secret, now=now)
    if shown is not None and shown.is_stale:
        with ctx.database.transaction() as tx:
            letting_in.note_use(tx, now=now, session_id=shown.id)
    return None if shown is None else _guest(shown, face)


@operation("access.held", effect=Effect.READS, scope=Scope.ENTER)
def held(ctx: Context, asker: Asker, askers: Collection[Asker]) -> set[Asker]:
    """Those of them who would be let in now as they were: what a stream asks once a second for all its listeners.

    Whose key or session is over is not among them, nor whose rights or accounts are others by now.
    """
    now = clock.now()
    with ctx.database.glance() as connection:
        by_key = {one.key_id for one in askers if one.key_id is not None}
        keys = letting_in.keys_still(connection, by_key, now=now)
        by_session = {one.session_id for one in askers if one.session_id is not None}
        sessions = letting_in.sessions_still(connection, by_session, now=now)
    bearers = {_bearer(one, Face.API) for one in keys.values()}
    guests = {_guest(one, Face.API) for one in sessions.values()}
    return {one for one in askers if replace(one, face=Face.API) in bearers | guests}


def _bearer(shown: Shown, face: Face) -> Asker:
    scopes = frozenset(Scope(one) for one in shown.scopes)
    return Asker(shown.name or "", scopes, face, shown.accounts, key_id=shown.id)


def _guest(shown: Shown, face: Face) -> Asker:
    if shown.user_id is None or shown.role is None:
        return Asker(OWNER.name, OF_ROLE[Role.ADMIN], face, session_id=shown.id)
    scopes = OF_ROLE[Role(shown.role)]
    return Asker(shown.name or "", scopes, face, shown.accounts, user_id=shown.user_id, session_id=shown.id)
