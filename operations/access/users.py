"""People who may sign in: inviting them, what each may do and see, and letting them in no more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from models.access import link as links
from models.access import session as sessions
from models.access import user as users
from models.access.audit import note
from models.access.grant import grant, names_granted, names_granted_each
from models.access.link import Purpose
from models.access.user import User, UserState
from models.accounts.account import find_account
from operations.access import passwords
from operations.access.links import INVITATIONS_PATH, LinkMade
from operations.access.rights import role_of
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible
from pressrun.versions import Seen, is_as_seen, version_by_content

_NAME = re.compile(r"[^\s\x00-\x1f<>\"'](?:[^\x00-\x1f<>\"']{0,98}[^\s\x00-\x1f<>\"'])?")


@dataclass(frozen=True)
class UserShown:
    """A user in a list. `accounts`: what they are limited to; None: they see all. `version`: of role and accounts."""

    name: str
    role: str
    state: str
    accounts: list[str] | None
    has_second_factor: bool
    created_by: str
    created_at: datetime
    last_seen_at: datetime | None
    version: int


@dataclass(frozen=True)
class Invited:
    """`link` lets them choose a password, once, until its time is over."""

    user: UserShown
    link: LinkMade = field(repr=False)


@dataclass(frozen=True)
class SessionShown:
    """Somebody who is signed in. `way`: how they proved who they are."""

    id: int
    user: str
    way: str
    agent: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@operation("user.add", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def add(
    ctx: Context, asker: Asker, name: str, *, role: str, password: str, accounts: Sequence[str] | None = None
) -> UserShown:
    """Let a person sign in with this password, to see all accounts or these.

    Raises Invalid for a name, role or password that cannot be; Conflict for a name that is taken; Unknown for an
    account.
    """
    _check_name(name)
    digest = passwords.digest_of(password)
    with ctx.database.transaction() as tx:
        user = _new(tx, name, role, accounts, by=asker.name)
        user.password_digest, user.state = digest, UserState.ACTIVE.value
        return _shown(tx, user)


@operation("user.invite", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def invite(
    ctx: Context, asker: Asker, name: str, *, role: str | None = None, accounts: Sequence[str] | None = None
) -> Invited:
    """Invite a person by a link; one that has not come yet gets another, and the one before works no more.

    Raises Invalid for a name or role that cannot be, Conflict for somebody who has signed in already, Unknown.
    """
    _check_name(name)
    with ctx.database.transaction() as tx:
        user = users.named(tx, name, lock=True)
        if user is None:
            user = _new(tx, name, role or "viewer", accounts, by=asker.name)
        elif user.state != UserState.INVITED.value:
            raise Conflict(f"{user.name} is a user already", type="user.taken", field="name")
        else:
            _change(tx, user, role, accounts)
        return Invited(_shown(tx, user), _invitation(tx, user, asker))


@operation("user.list", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def list_users(ctx: Context, asker: Asker) -> list[UserShown]:
    """Users by name: what each may do and see, and when they last signed in."""
    with ctx.database.transaction() as tx:
        found = users.all_users(tx)
        accounts = names_granted_each(tx, found)
        return [_told(one, accounts[one.id]) for one in found]


@operation("user.edit", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def edit(
    ctx: Context,
    asker: Asker,
    name: str,
    *,
    role: str | None = None,
    accounts: Sequence[str] | None = None,
    all_accounts: bool = False,
    version: Seen = None,
) -> UserShown:
    """Change what a person may do or see, from the next thing that they ask for.

    Args:
        version: the one that the asker has seen: nothing is changed if role or accounts are others now.

    Raises Unknown, Invalid; Conflict when somebody else has changed them.
    """
    with ctx.database.transaction() as tx:
        user = users.find_user(tx, name)
        before = {"role": user.role, "accounts": names_granted(tx, user)}
        if not is_as_seen(version_by_content(*before.values()), version):
            told = f"what {user.name} may do or see was changed since you looked: look again"
            raise Conflict(told, type="user.changed", field="version")
        _change(tx, user, role, accounts)
        if all_accounts:
            grant(tx, user, None)
        user.updated_at = clock.now()
        note(tx, before=before, after={"role": user.role, "accounts": names_granted(tx, user)})
        return _shown(tx, user)


@operation("user.disable", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def disable(ctx: Context, asker: Asker, name: str) -> UserShown:
    """Let a person in no more, and end their sessions. Raises Unknown; NotPossible for oneself."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        user = users.find_user(tx, name)
        if user.id == asker.user_id:
            raise NotPossible("nobody can disable themselves", type="user.self", field="name")
        _shut_out(tx, user, now)
        user.state = UserState.DISABLED.value
        return _shown(tx, user)


@operation("user.reset", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def reset(ctx: Context, asker: Asker, name: str) -> Invited:
    """Forget how a person signs in, end their sessions, and invite them anew. Raises Unknown."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        user = users.find_user(tx, name)
        _shut_out(tx, user, now)
        user.state, user.password_digest, user.oidc_subject = UserState.INVITED.value, None, None
        user.totp_sealed, user.totp_since, user.totp_step, user.recovery_digests = None, None, None, []
        return Invited(_shown(tx, user), _invitation(tx, user, asker))


@operation("session.list", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def list_sessions(ctx: Context, asker: Asker) -> list[SessionShown]:
    """Who is signed in, and from where."""
    with ctx.database.transaction() as tx:
        return [session_shown(*one) for one in sessions.open_sessions(tx, now=clock.now())]


@operation("session.end", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def end_sessions(ctx: Context, asker: Asker, *, session: int | None = None, name: str | None = None) -> int:
    """End one session or all of a person; returns how many those were. Raises Unknown for the person."""
    if (session is None) == (name is None):
        raise Invalid("name one session, or one person", type="session.which")
    with ctx.database.transaction() as tx:
        user_id = None if name is None else users.find_user(tx, name).id
        return sessions.end_sessions(tx, now=clock.now(), session_id=session, user_id=user_id)


def session_shown(one: sessions.SignedIn, user: User | None) -> SessionShown:
    """A session as lists show it."""
    return SessionShown(
        id=one.id,
        user="owner" if user is None else user.name,
        way=one.way,
        agent=one.agent,
        address=one.address,
        created_at=one.created_at,
        last_used_at=one.last_used_at,
        expires_at=one.expires_at,
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.strip().lower() in {"owner", "door", "instagram", "probe"}:
        raise Invalid(f"{name!r} cannot be the name of a user", type="user.name", field="name")


def _new(tx: Session, name: str, role: str, accounts: Sequence[str] | None, *, by: str) -> User:
    if users.named(tx, name) is not None:
        raise Conflict(f"{name} is a user already", type="user.taken", field="name")
    user = User(name=name, role=role_of(role).value, created_by=by)
    tx.add(user)
    tx.flush()
    grant(tx, user, _ids(tx, accounts))
    return user


def _change(tx: Session, user: User, role: str | None, accounts: Sequence[str] | None) -> None:
    if role is not None:
        user.role = role_of(role).value
    if accounts is not None:
        grant(tx, user, _ids(tx, accounts))


def _ids(tx: Session, accounts: Sequence[str] | None) -> set[int] | None:
    return None if accounts is None else {find_account(tx, one, removed=True).id for one in accounts}


def _shut_out(tx: Session, user: User, now: datetime) -> None:
    sessions.end_sessions(tx, now=now, user_id=user.id)
    links.end_links(tx, user.id, now=now)
    note(tx, before={"state": user.state})
    user.updated_at = now


def _invitation(tx: Session, user: User, asker: Asker) -> LinkMade:
    now = clock.now()
    secret = links.make_link(tx, Purpose.INVITE, created_by=asker.name, now=now, user_id=user.id)
    return LinkMade(f"{INVITATIONS_PATH}{secret}", now + links.LASTS[Purpose.INVITE])


def _shown(tx: Session, user: User) -> UserShown:
    tx.flush()
    tx.refresh(user)
    return _told(user, names_granted(tx, user))


def _told(user: User, accounts: list[str] | None) -> UserShown:
    return UserShown(
        name=user.name,
        role=user.role,
        state=user.state,
        accounts=accounts,
        has_second_factor=user.totp_sealed is not None,
        created_by=user.created_by,
        created_at=user.created_at,
        last_seen_at=user.last_seen_at,
        version=version_by_content(user.role, accounts),
    )
