"""Other accounts and hashtags that an account reads along with its own numbers."""

from __future__ import annotations

from dataclasses import dataclass

from models.accounts.account import find_account
from models.harvests.watch import WatchKind
from models.reading.history.watches import Watched, watched
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid
from scheduler.harvests import watching

__all__ = ["Target", "WatchChanged", "Watched"]


@dataclass(frozen=True)
class Target:
    """What is to be watched. Raises Invalid when it cannot be."""

    kind: WatchKind
    name: str

    @classmethod
    def of(cls, *, competitor: str | None = None, hashtag: str | None = None) -> Target:
        """Exactly one of them is to be named."""
        if (competitor is None) == (hashtag is None):
            raise Invalid("name one thing: a competitor or a hashtag", type="watch.one_thing")
        if competitor is not None:
            return cls(WatchKind.COMPETITOR, watching.clean_name(WatchKind.COMPETITOR, competitor))
        return cls(WatchKind.HASHTAG, watching.clean_name(WatchKind.HASHTAG, str(hashtag)))


@dataclass(frozen=True)
class WatchChanged:
    """`has_changed`: False when it was so already."""

    account: str
    kind: str
    name: str
    has_changed: bool


@operation("watch.add", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def watch(ctx: Context, asker: Asker, account: str, target: Target) -> WatchChanged:
    """Read another account's public numbers, or the media below a hashtag, from now on.

    Raises Unknown for the account, NotPossible on its login, Conflict when its budget of hashtags is spent.
    """
    with ctx.database.transaction() as tx:
        holder = find_account(tx, account)
        is_new = watching.watch(tx, holder, target.kind, target.name)
        return WatchChanged(holder.name, target.kind.value, target.name, is_new)


@operation("watch.end", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def unwatch(ctx: Context, asker: Asker, account: str, target: Target) -> WatchChanged:
    """Read it no more; what was read stays. Raises Unknown for the account and for what it does not watch."""
    with ctx.database.transaction() as tx:
        holder = find_account(tx, account)
        watching.unwatch(tx, holder, target.kind, target.name, now=clock.now())
        return WatchChanged(holder.name, target.kind.value, target.name, has_changed=True)


@operation("watch.list", effect=Effect.READS, scope=Scope.READ)
def list_watches(ctx: Context, asker: Asker, account: str | None = None) -> list[Watched]:
    """What is watched. Raises Unknown for the account."""
    with ctx.database.transaction() as tx:
        return watched(tx, account_id_of(tx, account))
