"""Connecting with a person's consent, or with a token whose accounts are to be found.

begin ─▶ the consent page ─▶ answer ─▶ (a worker asks Instagram) ─▶ show ─▶ choose, where there are several
discover ────────────────────────────▶ (the same) …
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.connecting import consenting
from models.connecting.connection import Connection, ConnectionState, expire_connections, settle_ended
from models.connecting.consenting import Candidate, Wish
from models.connecting.joining import check_token
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Invalid, NotPossible, PressrunError, Unknown
from pressrun.instagram import consent
from pressrun.instagram.permissions import ASKED

__all__ = ["BROWSER", "Begun", "Candidate", "ConnectionShown", "Taken", "Wish"]

BROWSER = Asker("consent page", frozenset({Scope.DELIVER}))
"""Whoever a consent page leads back: what counts is the state that is carried along."""


@dataclass(frozen=True)
class Begun:
    """A consent that is waited for."""

    connection_id: int
    address: str
    """The page on which the person gives it; names `redirect_url` and the state."""
    redirect_url: str
    expires_at: datetime


@dataclass(frozen=True)
class Taken:
    """An answer that was taken."""

    connection_id: int
    is_refused: bool
    """The person did not consent, and nothing more comes of it."""
    error: str | None = None


@dataclass(frozen=True)
class ConnectionShown:
    """How far a connection is."""

    id: int
    state: str
    login: str
    name: str
    found: tuple[Candidate, ...] = field(default=())
    """The accounts to choose from; once that is done there are none."""
    others: tuple[int, ...] = ()
    """Connections that the same consent led to."""
    error: str | None = None

    @property
    def awaits_answer(self) -> bool:
        return self.state == ConnectionState.WAITING.value

    @property
    def awaits_choice(self) -> bool:
        return self.state == ConnectionState.FOUND.value


@operation("connect.begin", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def begin(
    ctx: Context, asker: Asker, wish: Wish, *, scopes: Sequence[str] | None = None, config_id: str | None = None
) -> Begun:
    """Ask for a person's consent; they give it on the page at `address`, within the hour.

    Args:
        scopes: the permissions to ask for instead of those of `pressrun.instagram.permissions.ASKED`.
        config_id: of Facebook Login for Business, where the app's dashboard says which permissions.

    Raises:
        Invalid: no app is set up; a permission that cannot be one.
    """
    app_id = _app_id(ctx, wish)
    asked = tuple(dict.fromkeys(scopes or ASKED[wish.login.value]))
    consent.check_scopes(asked)
    ctx.vault()  # a missing key is told now, not when the answer is there
    redirect_url, now = ctx.settings.callback_url, clock.now()
    kept, key = None if config_id else asked, ctx.settings.keys()[0]
    with ctx.database.transaction() as tx:
        expire_connections(tx, now=now)
        row, state = consenting.await_consent(tx, wish, redirect_url=redirect_url, scopes=kept, secret_key=key, now=now)
        number, expires_at = row.id, row.expires_at
    address = consent.page_address(
        wish.login.value,
        app_id=app_id,
        redirect_url=redirect_url,
        state=state,
        scopes=asked,
        version=ctx.settings.graph_version,
        graph_url=ctx.settings.graph_url,
        config_id=config_id,
    )
    return Begun(number, address, redirect_url, expires_at)


@operation("connect.answer", effect=Effect.CHANGES, scope=Scope.DELIVER)
def answer(ctx: Context, asker: Asker, said: str) -> Taken:
    """Take what a consent page led back with: the address that the browser ended on, or its query. It counts once.

    Raises Invalid for one that is not ours or not whole, NotPossible for one that was taken or is over.
    """
    told = consent.read_answer(said)
    with ctx.database.transaction() as tx:
        row = consenting.take_answer(tx, told, ctx.vault(), ctx.settings.keys(), now=clock.now())
        return Taken(row.id, row.state == ConnectionState.REFUSED.value, row.error)


@operation("connect.discover", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def discover(ctx: Context, asker: Asker, wish: Wish, token: str) -> int:
    """Find the accounts of a token, and connect those that are wanted, or the only one; the connection's id.

    Raises Invalid for what cannot be a token.
    """
    check_token(token, "token")
    vault, now = ctx.vault(), clock.now()
    with ctx.database.transaction() as tx:
        expire_connections(tx, now=now)
        return consenting.begin_with_token(tx, wish, token, vault, now=now).id


@operation("connect.show", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def show(ctx: Context, asker: Asker, connection_id: int) -> ConnectionShown:
    """How far it is, and which accounts there are to choose from. Raises Unknown."""
    with ctx.database.transaction() as tx:
        row = _row(tx, connection_id)
        others = tx.scalars(select(Connection.id).where(Connection.origin_id == row.id).order_by(Connection.id))
        found = tuple(consenting.found_of(row))
        return ConnectionShown(row.id, row.state, row.login, row.name, found, tuple(others), row.error)


@operation("connect.choose", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def choose(ctx: Context, asker: Asker, connection_id: int, accounts: Sequence[str]) -> list[int]:
    """Connect these of the accounts that were found; the ids of their connections, which workers take up.

    Raises:
        Unknown: there is no such connection, or no such account among those found.
        NotPossible: there is nothing to choose (any more), or the person may not publish on its Page.
        Conflict: a name belongs to another account.
    """
    with ctx.database.transaction() as tx:
        row = _row(tx, connection_id, lock=True)
        if row.state != ConnectionState.FOUND.value:
            said = "there is nothing to choose: the accounts are not found yet, or were chosen from already"
            raise NotPossible(said, type="connection.no_choice", ids={"connection": connection_id})
        chosen = consenting.pick(consenting.found_of(row), consenting.normal(accounts)) or []
        if not chosen:
            raise Invalid("an account has to be named: there are several", field="account")
        return [one.id for one in consenting.choose(tx, row, chosen, ctx.vault(), now=clock.now())]


@operation("connect.abandon", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def abandon(ctx: Context, asker: Asker, connection_id: int) -> None:
    """Let nothing come of a connection for which a person is waited: its tokens go. Raises Unknown."""
    with ctx.database.transaction() as tx:
        row = _row(tx, connection_id, lock=True)
        if row.state in (ConnectionState.WAITING.value, ConnectionState.FOUND.value):
            gone = PressrunError("it was given up before it was done", type="connection.abandoned")
            settle_ended(row, ConnectionState.FAILED, gone, now=clock.now())


def _app_id(ctx: Context, wish: Wish) -> str:
    app_id, secret = ctx.settings.app_of(wish.login.value)
    if app_id and secret:
        return app_id
    name = "PRESSRUN_APP_SECRET" if app_id else "PRESSRUN_APP_ID"
    said = "consent is given to an app: PRESSRUN_APP_ID and PRESSRUN_APP_SECRET name it"
    raise Invalid(said, type="setting.missing", field=name)


def _row(tx: Session, connection_id: int, *, lock: bool = False) -> Connection:
    row = tx.get(Connection, connection_id, with_for_update=lock)
    if row is None:
        ids = {"connection": connection_id}
        raise Unknown(f"there is no connection {connection_id}", type="connection.unknown", ids=ids)
    return row
