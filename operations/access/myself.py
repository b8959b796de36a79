"""Looking after one's own way in: password, second factor, sessions. For users; the owner comes by links."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from models.access import session as sessions
from models.access.link import end_links
from models.access.user import User, totp_context
from operations.access import factors, passwords, tries
from operations.access.entering import Refused
from operations.access.users import SessionShown, session_shown
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import NotPossible, Unknown


@dataclass(frozen=True)
class FactorOffered:
    """A second factor that is not in force yet: what the authenticator takes, as text and as a picture (SVG)."""

    secret: str = field(repr=False)
    address: str = field(repr=False)
    picture: str = field(repr=False)


@dataclass(frozen=True)
class Me:
    name: str
    role: str
    has_second_factor: bool
    recovery_codes_left: int
    sessions: tuple[SessionShown, ...]


@operation("me.show", effect=Effect.READS, scope=Scope.SELF)
def show(ctx: Context, asker: Asker) -> Me:
    """What one is and where one is signed in. Raises NotPossible for the owner, who is no user."""
    with ctx.database.transaction() as tx:
        user = _me(tx, asker)
        all_ = sessions.open_sessions(tx, now=clock.now())
        mine = tuple(session_shown(*one) for one in all_ if one[0].user_id == user.id)
        return Me(user.name, user.role, user.totp_sealed is not None, len(user.recovery_digests), mine)


@operation("me.change_password", effect=Effect.CHANGES, scope=Scope.SELF)
def change_password(ctx: Context, asker: Asker, old_password: str, new_password: str) -> None:
    """Choose another password; all other sessions end. Raises Refused, Invalid, TooMany, TooBusy, NotPossible."""
    digest_before = _confirm(ctx, asker, old_password)
    digest, now = passwords.digest_of(new_password), clock.now()
    with ctx.database.transaction() as tx:
        user = _me(tx, asker, lock=True)
        if user.password_digest != digest_before:
            raise Refused
        user.password_digest, user.updated_at = digest, now
        _end_others(tx, user, asker)


@operation("me.offer_factor", effect=Effect.READS, scope=Scope.SELF)
def offer_factor(ctx: Context, asker: Asker) -> FactorOffered:
    """A second factor to set up; it is in force once a code of it was shown. Raises NotPossible."""
    with ctx.database.transaction() as tx:
        name = _me(tx, asker).name
    secret = factors.new_secret()
    address = factors.address_of(secret, name)
    return FactorOffered(secret, address, factors.picture_of(address))


@operation("me.take_factor", effect=Effect.CHANGES, scope=Scope.SELF)
def take_factor(ctx: Context, asker: Asker, secret: str, code: str, password: str) -> list[str]:
    """Put a second factor in force; returns the recovery codes, which are told this once. All other sessions end.

    Raises Refused for a wrong code or password, TooMany, TooBusy, NotPossible.
    """
    _confirm(ctx, asker, password)
    vault, now = ctx.vault(), clock.now()
    step = factors.step_of(secret, code, now=now) if factors.is_secret(secret) else None
    if step is None:
        raise Refused("That is not the code of this moment: look at the authenticator again.")
    codes = factors.new_recovery_codes()
    with ctx.database.transaction() as tx:
        user = _me(tx, asker, lock=True)
        user.totp_sealed = vault.seal(secret, context=totp_context(user.id))
        user.totp_since, user.totp_step, user.updated_at = now, step, now
        user.recovery_digests = [factors.recovery_digest(one) for one in codes]
        _end_others(tx, user, asker)
    return codes


@operation("me.drop_factor", effect=Effect.CHANGES, scope=Scope.SELF)
def drop_factor(ctx: Context, asker: Asker, password: str) -> None:
    """Do without a second factor again. Raises Refused, TooMany, TooBusy, NotPossible."""
    _confirm(ctx, asker, password)
    with ctx.database.transaction() as tx:
        user = _me(tx, asker, lock=True)
        user.totp_sealed, user.totp_since, user.totp_step, user.recovery_digests = None, None, None, []
        user.updated_at = clock.now()


@operation("me.end_session", effect=Effect.CHANGES, scope=Scope.SELF)
def end_session(ctx: Context, asker: Asker, session: int) -> None:
    """End one of one's own sessions. Raises Unknown."""
    with ctx.database.transaction() as tx:
        user = _me(tx, asker)
        if not sessions.end_sessions(tx, now=clock.now(), session_id=session, user_id=user.id):
            raise Unknown(f"you have no session {session}", type="session.unknown", field="session")


def _me(tx: Session, asker: Asker, *, lock: bool = False) -> User:
    if asker.user_id is None:
        raise NotPossible("this is for users: the owner of the machine comes in by links", type="me.nobody")
    return tx.get_one(User, asker.user_id, with_for_update=lock, populate_existing=True)


def _confirm(ctx: Context, asker: Asker, password: str) -> str | None:
    """The digest of their password, which they have shown again."""
    with ctx.database.transaction() as tx:
        user = _me(tx, asker)
    place = f"user {user.id}"  # no address: what one of them does there keeps nobody else from it
    tries.count(user.name, place)
    if not passwords.is_right(user.password_digest, password):
        raise Refused
    tries.forgive(user.name, place)
    return user.password_digest


def _end_others(tx: Session, user: User, asker: Asker) -> None:
    """Sessions, and ways in of which only a code is still to come."""
    now = clock.now()
    end_links(tx, user.id, now=now)
    for session, owner in sessions.open_sessions(tx, now=now):
        if owner is not None and owner.id == user.id and session.id != asker.session_id:
            sessions.end_sessions(tx, now=now, session_id=session.id)
