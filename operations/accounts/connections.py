"""Connecting an account: the token is sealed in a row, a worker asks Instagram whose it is, the asker waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from models.accounts.account import Login, get_account
from models.connecting.connection import OPEN, Connection, ConnectionState, ask, expire_connections, record_unasked
from models.connecting.joining import NewAccount, join_account, known_account
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import NotPossible, Unknown, of_kind
from pressrun.instagram.permissions import ASKED, lacking
from pressrun.zones import doubts

__all__ = ["Connected", "Login", "NewAccount", "await_outcome", "connect", "outcome"]


@dataclass(frozen=True)
class Connected:
    """What came of it: the account as it is now."""

    name: str
    login: str
    ig_id: str
    username: str | None
    state: str
    state_reason: str | None
    timezone: str
    is_new: bool
    posts_woken: int
    """Waiting posts that are due again because the token was renewed."""
    warnings: tuple[str, ...] = ()
    """What was taken as it was said, and may not be what was meant."""


@operation("account.connect", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def connect(ctx: Context, asker: Asker, new: NewAccount, *, check: bool = True) -> int:
    """Add the account, or renew token, name and zone of the one with this Instagram id; returns the connection's id.

    A worker asks Instagram first whose token it is; without `check` nobody does, and the account is there at once.

    Raises:
        Conflict: the name belongs to another account.
    """
    vault, now = ctx.vault(), clock.now()
    with ctx.database.transaction() as tx:
        expire_connections(tx, now=now)
        if not check:
            return record_unasked(tx, new, join_account(tx, new, vault), now=now).id
        known_account(tx, new)
        return ask(tx, new, vault, now=now).id


@operation("account.connection", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def outcome(ctx: Context, asker: Asker, connection_id: int) -> Connected:
    """What came of a connection.

    Raises:
        Unknown: there is no such connection.
        NotPossible: it is still under way.
        PressrunError: Instagram refused the token, could not be asked, or the account could not be kept.
    """
    with ctx.database.transaction() as tx:
        found = tx.get(Connection, connection_id)
        ids = {"connection": connection_id}
        if found is None:
            raise Unknown(f"there is no connection {connection_id}", type="connection.unknown", ids=ids)
        if found.state in OPEN:
            raise NotPossible("Instagram is still being asked", type="connection.pending", ids=ids)
        if found.account_id is None or found.state != ConnectionState.DONE.value:
            raise of_kind(
                found.error_kind or "", found.error or "", type=found.error_type or "failed", field=found.error_field
            )
        account = get_account(tx, found.account_id)
        return Connected(
            name=account.name,
            login=account.login,
            ig_id=account.ig_id,
            username=account.username,
            state=account.state,
            state_reason=account.state_reason,
            timezone=account.timezone,
            is_new=bool(found.is_new),
            posts_woken=found.posts_woken,
            warnings=(*doubts(found.timezone), *_not_granted(found)),
        )


def await_outcome(ctx: Context, asker: Asker, connection_id: int, *, hands: Hands) -> Connected:
    """Wait for what comes of it. Raises what `outcome` raises."""
    await_errand(ctx, Errand.of("connection", [connection_id]), on_look=lambda _left: None, hands=hands)
    return outcome(ctx, asker, connection_id)


def _not_granted(found: Connection) -> list[str]:
    """What the account goes without, where its token's permissions are known."""
    if found.scopes is None:
        return []
    lacks = lacking(found.login, [found.scopes], asked=ASKED[found.login])
    return [f"without the permission {one.scope} {one.costs}" for one in lacks]
