"""Who somebody is: the bearer of a key, or whose session a cookie stands for.

Asked anew with each request, and of event streams again and again: what was revoked lets nobody in any more.
"""

from __future__ import annotations

from collections.abc import Collection

from models.access import key as keys
from models.access import session as sessions
from models.access.grant import granted_to
from models.access.user import Role, User
from operations.access.rights import OF_ROLE
from operations.operation import OWNER, Asker, Context, Effect, Face, Scope, operation
from pressrun import clock

DOOR = Asker("door", frozenset({Scope.ENTER}), Face.PAGE)
"""Whatever lets people in."""


@operation("access.by_key", effect=Effect.READS, scope=Scope.ENTER)
def by_key(ctx: Context, asker: Asker, secret: str, *, face: Face = Face.API) -> Asker | None:
    """Who shows this key; None when it is not, or no longer, honoured."""
    if not secret.startswith(keys.MARK):
        return None
    with ctx.database.transaction() as tx:
        found = keys.holder_of(tx, secret, now=clock.now())
        if found is None:
            return None
        scopes = frozenset(Scope(one) for one in found.scopes)
        return Asker(found.name, scopes, face, granted_to(tx, found), key_id=found.id)


@operation("access.by_cookie", effect=Effect.READS, scope=Scope.ENTER)
def by_cookie(ctx: Context, asker: Asker, secret: str, *, face: Face = Face.PAGE) -> Asker | None:
    """Whose session this cookie stands for; None when it stands for none, or for one that is over."""
    with ctx.database.transaction() as tx:
        found = sessions.session_of(tx, secret, now=clock.now())
        if found is None:
            return None
        session, user = found
        if user is None:
            scopes = OF_ROLE[Role.ADMIN]
            return Asker(OWNER.name, scopes, face, session_id=session.id)
        scopes = OF_ROLE[Role(user.role)]
        return Asker(user.name, scopes, face, granted_to(tx, user), user_id=user.id, session_id=session.id)


@operation("access.held", effect=Effect.READS, scope=Scope.ENTER)
def held(ctx: Context, asker: Asker, askers: Collection[Asker]) -> set[Asker]:
    """Those of them whose key or session still lets them in: what a stream asks once a second for all its listeners."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        by_key = keys.honoured(tx, {one.key_id for one in askers if one.key_id is not None}, now=now)
        by_session = sessions.going_on(tx, {one.session_id for one in askers if one.session_id is not None}, now=now)
    return {one for one in askers if one.key_id in by_key or one.session_id in by_session}


def name_of(user: User | None) -> str:
    """What somebody who is signed in is called."""
    return OWNER.name if user is None else user.name
