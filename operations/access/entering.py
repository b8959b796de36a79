"""Coming in and going out: by password and second factor, by a link, by an invitation.

Whoever is refused learns nothing of why: no name, wrong password and disabled user answer alike, and take as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from models.access import link as links
from models.access import session as sessions
from models.access.audit import note
from models.access.link import Purpose
from models.access.user import User, UserState, named
from operations.access import factors, passwords, tries
from operations.operation import OWNER, Asker, Context, Effect, Scope, operation
from pressrun import clock, log
from pressrun.errors import Kind, NotPossible, PressrunError

MOST_CODES = 5

_log = log.get(__name__)


class Refused(PressrunError):
    """Name, password or code are not right."""

    kind = Kind.NOT_ALLOWED
    type = "sign_in.refused"


class LinkOver(NotPossible):
    """This link does not work, or no longer: it works once and for a short time."""

    type = "link.over"


@dataclass(frozen=True)
class Visitor:
    """From where somebody comes, as far as they say."""

    agent: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Entered:
    """Who is signed in, and what their cookie holds; or what their form has to hold until they have shown a code."""

    name: str
    cookie: str | None = field(default=None, repr=False)
    code_for: str | None = field(default=None, repr=False)


@operation("access.sign_in", effect=Effect.CHANGES, scope=Scope.ENTER)
def sign_in(ctx: Context, asker: Asker, name: str, password: str, visitor: Visitor) -> Entered:
    """Sign a user in, or ask for their code. Raises Refused, TooMany, TooBusy."""
    tries.count(name, visitor.address)
    with ctx.database.transaction() as tx:
        known = named(tx, name)
        known_digest = known.password_digest if known is not None and known.state == UserState.ACTIVE else None
    if not passwords.is_right(known_digest, password):  # outside of any transaction: it takes its time
        raise _refused("password", visitor)
    with ctx.database.transaction() as tx:
        user = named(tx, name, lock=True)
        if user is None or user.password_digest != known_digest or user.state != UserState.ACTIVE:
            raise Refused
        if user.totp_sealed is not None:
            now = clock.now()
            code_for = links.make_link(tx, Purpose.SECOND_FACTOR, created_by=asker.name, now=now, user_id=user.id)
            return Entered(user.name, code_for=code_for)
        entered = Entered(user.name, enter(tx, user, "password", visitor))
    tries.forgive(name, visitor.address)
    return entered


@operation("access.show_code", effect=Effect.CHANGES, scope=Scope.ENTER)
def show_code(ctx: Context, asker: Asker, code_for: str, code: str, visitor: Visitor) -> Entered:
    """Sign a user in whose password was right, by a code of their second factor. Raises Refused, LinkOver, TooMany."""
    vault, now = ctx.vault(), clock.now()
    tries.count(_whose(ctx, code_for), visitor.address)  # whoever has the password may still not try codes at will
    with ctx.database.transaction() as tx:
        asked = links.look_at_link(tx, code_for, Purpose.SECOND_FACTOR, now=now, lock=True)
        if asked is None or asked.tries >= MOST_CODES:
            raise LinkOver("That took too long, or too many codes: sign in again.")
        user = tx.get_one(User, asked.user_id, with_for_update=True)
        way = factors.accept(user, code, vault, now=now) if user.state == UserState.ACTIVE else None
        if way is not None:
            asked.used_at = now
            entered = Entered(user.name, enter(tx, user, way, visitor))
        else:
            asked.tries += 1
    if way is None:
        raise _refused("code", visitor)
    tries.forgive(user.name, visitor.address)
    return entered


def _refused(what: str, visitor: Visitor) -> Refused:
    # Not by which name: people type their password there, too.
    _log.warning("sign_in.refused", what=what, address=visitor.address)
    return Refused()


def _whose(ctx: Context, code_for: str) -> str:
    with ctx.database.transaction() as tx:
        asked = links.look_at_link(tx, code_for, Purpose.SECOND_FACTOR, now=clock.now())
        if asked is None:
            raise LinkOver("That took too long, or too many codes: sign in again.")
        return tx.get_one(User, asked.user_id).name


@operation("access.follow_link", effect=Effect.CHANGES, scope=Scope.ENTER)
def follow_link(ctx: Context, asker: Asker, secret: str, visitor: Visitor) -> Entered:
    """Sign the owner of the machine in. Raises LinkOver; of two who come with the same link for the second."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        if links.use_link(tx, secret, Purpose.OWNER, now=now) is None:
            raise LinkOver
        return Entered(OWNER.name, enter(tx, None, "link", visitor))


@operation("access.invited", effect=Effect.READS, scope=Scope.ENTER)
def invited(ctx: Context, asker: Asker, secret: str) -> str:
    """Whom an invitation is for. Raises LinkOver."""
    with ctx.database.transaction() as tx:
        found = links.look_at_link(tx, secret, Purpose.INVITE, now=clock.now())
        if found is None:
            raise LinkOver
        return tx.get_one(User, found.user_id).name


@operation("access.accept", effect=Effect.CHANGES, scope=Scope.ENTER)
def accept(ctx: Context, asker: Asker, secret: str, password: str, visitor: Visitor) -> Entered:
    """Take up an invitation with a password of one's own. Raises LinkOver, Invalid, TooBusy."""
    invited(ctx, asker, secret)  # nobody makes us work without an invitation
    digest, now = passwords.digest_of(password), clock.now()
    with ctx.database.transaction() as tx:
        used = links.use_link(tx, secret, Purpose.INVITE, now=now)
        if used is None:
            raise LinkOver
        user = tx.get_one(User, used.user_id, with_for_update=True)
        user.password_digest, user.state, user.updated_at = digest, UserState.ACTIVE.value, now
        return Entered(user.name, enter(tx, user, "invitation", visitor))


@operation("access.sign_out", effect=Effect.CHANGES, scope=Scope.SELF)
def sign_out(ctx: Context, asker: Asker) -> None:
    """End the session of whoever asks."""
    if asker.session_id is not None:
        with ctx.database.transaction() as tx:
            sessions.end_sessions(tx, now=clock.now(), session_id=asker.session_id)


def enter(tx: Session, user: User | None, way: str, visitor: Visitor) -> str:
    """Begin a session; returns what the cookie holds."""
    now = clock.now()
    if user is not None:
        user.last_seen_at = now
    note(tx, after={"user": OWNER.name if user is None else user.name, "way": way})
    user_id = None if user is None else user.id
    return sessions.begin_session(tx, user_id, way=way, agent=visitor.agent, address=visitor.address, now=now)
