"""`pressrun harvest watch`, `unwatch` and `watches`: other accounts and hashtags that are read along."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.output import AsJson, say, show_json, show_rows
from pressrun.errors import UsageError

COLUMNS = ("account", "kind", "name", "media", "last_checked_at")

_Account = Annotated[str, typer.Option(help="The account that looks; on Facebook Login.")]
_Competitor = Annotated[str | None, typer.Option(help="User name of another professional account.")]
_Hashtag = Annotated[str | None, typer.Option(help="A hashtag; at most 30 for an account.")]


def watch(account: _Account, competitor: _Competitor = None, hashtag: _Hashtag = None, as_json: AsJson = False) -> None:
    """Read another account's public numbers, or the media below a hashtag, from now on."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from scheduler.harvests import watching

    kind, name = _named(competitor, hashtag)
    with runtime(read_settings()) as here, here.database.transaction() as tx:
        holder = find_account(tx, account)
        is_new = watching.watch(tx, holder, kind, name)
        bare, of = watching.clean_name(kind, name), holder.name
    if as_json:
        show_json({"account": of, "kind": kind.value, "name": bare, "is_new": is_new})
    else:
        say(f"{of} {'watches' if is_new else 'already watches'} the {kind.value} {bare}")


def unwatch(
    account: _Account, competitor: _Competitor = None, hashtag: _Hashtag = None, as_json: AsJson = False
) -> None:
    """Read it no more. What was read stays."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from pressrun import clock
    from scheduler.harvests import watching

    kind, name = _named(competitor, hashtag)
    with runtime(read_settings()) as here, here.database.transaction() as tx:
        holder = find_account(tx, account)
        watching.unwatch(tx, holder, kind, name, now=clock.now())
        bare, of = watching.clean_name(kind, name), holder.name
    if as_json:
        show_json({"account": of, "kind": kind.value, "name": bare})
    else:
        say(f"{of} watches the {kind.value} {bare} no more")


def watches(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None, as_json: AsJson = False
) -> None:
    """List the accounts and hashtags that are watched."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from scheduler.harvests.watching import watch_rows

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        rows = watch_rows(tx, find_account(tx, account).id if account is not None else None)
    show_rows(COLUMNS, rows, as_json=as_json, empty="nothing is watched")


def _named(competitor: str | None, hashtag: str | None) -> tuple[Any, str]:
    from models.watch import WatchKind

    if (competitor is None) == (hashtag is None):
        raise UsageError("name one thing: --competitor NAME or --hashtag TAG")
    if competitor is not None:
        return WatchKind.COMPETITOR, competitor
    return WatchKind.HASHTAG, str(hashtag)
