"""`pressrun key`: what programs show to be let in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import asking
from cli.output import AsJson, note, say, show_json, show_record, show_rows

if TYPE_CHECKING:
    from operations.access.keys import KeyMade

app = typer.Typer(help="Keys with which programs use the API.", no_args_is_help=True)

COLUMNS = ("name", "begins", "scopes", "accounts", "state", "created_at", "expires_at", "last_used_at", "old_until")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the key, as `key list` shows it.")]


@app.command("add")
def add(
    name: Annotated[str, typer.Option(help="What to call it; one for each program.")],
    scope: Annotated[list[str], typer.Option(help="What it may do: read, publish or admin; repeatable.")],
    account: Annotated[
        list[str] | None, typer.Option(help="Let it see this account and no others; repeatable. Without it, all.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="A time, or how long it lasts: 2027-01-31, 90d.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a program a key of its own. It is shown this once."""
    from operations.access import keys

    expires_at = None if expires is None else _when(expires)
    with asking() as (ctx, owner):
        made = keys.add(ctx, owner, name, scopes=scope, accounts=account or None, expires_at=expires_at)
    _show(made, as_json=as_json)


@app.command("list")
def list_(
    revoked: Annotated[bool, typer.Option("--revoked", help="Those that were revoked as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List keys: what each may do, and when it was last used."""
    from operations.access import keys

    with asking() as (ctx, owner):
        found = [_row(vars(one), as_json=as_json) for one in keys.list_keys(ctx, owner, revoked=revoked)]
    show_rows(COLUMNS, found, as_json=as_json, empty="no keys; `pressrun key add` makes one")


@app.command("rotate")
def rotate(
    name: Name,
    keep_old: Annotated[str, typer.Option(metavar="DURATION", help="How long the key before it works too.")] = "1d",
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret; for a while both work."""
    from operations.access import keys
    from pressrun.clock import parse_duration

    with asking() as (ctx, owner):
        made = keys.rotate(ctx, owner, name, keep_old=parse_duration(keep_old))
    _show(made, as_json=as_json)


@app.command("revoke")
def revoke(name: Name, as_json: AsJson = False) -> None:
    """Let a key work no more, from now on."""
    from operations.access import keys

    with asking() as (ctx, owner):
        keys.revoke(ctx, owner, name)
    if as_json:
        show_json({"name": name, "state": "revoked"})
    else:
        say(f"{name} is revoked")


def _show(made: KeyMade, *, as_json: bool) -> None:
    shown = {
        "name": made.name,
        "key": made.key,
        "scopes": made.scopes,
        "accounts": made.accounts,
        "expires_at": made.expires_at,
        "old_until": made.old_until,
    }
    show_record(_row(shown, as_json=as_json), as_json=as_json)
    if not as_json:
        note("the key is shown this once: give it to the program now")


def _row(values: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    if as_json:
        return values
    accounts = values["accounts"]
    return values | {
        "scopes": " ".join(values["scopes"]),
        "accounts": "all" if accounts is None else " ".join(accounts) or "none any more",
    }


def _when(said: str) -> datetime:
    from operations.times import instant
    from pressrun import clock
    from pressrun.clock import parse_duration
    from pressrun.errors import UsageError

    now = clock.now()
    try:
        return now + parse_duration(said)
    except UsageError:
        return instant(said, field="expires", now=now)
