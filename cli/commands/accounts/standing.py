"""`pressrun account show|check|rename`: how one account stands, as it is known and as Instagram says."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import asking
from cli.output import AsJson, cell, note, say, show_json, show_record
from pressrun.clock import format_duration

if TYPE_CHECKING:
    from operations.accounts.standing import AccountStanding, TokenShown

app = typer.Typer()

AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account.")]


@app.command("show")
def show(account: AccountName, as_json: AsJson = False) -> None:
    """Show how an account stands, as far as that is known: nothing is asked of Instagram."""
    from operations.accounts import standing

    with asking() as (ctx, owner):
        found = standing.show(ctx, owner, account)
    _show(found, as_json=as_json)


@app.command("check")
def check(account: AccountName, as_json: AsJson = False) -> None:
    """Ask Instagram about an account now, and show how it stands. Ends with 1 if anything is wrong."""
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.accounts import standing
    from operations.operation import OWNER, Context

    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        looks = standing.check(ctx, OWNER, account)
        done = standing.await_check(ctx, OWNER, account, looks, hands=lending(here))
    _show(done.standing, as_json=as_json)
    for problem in done.problems:
        note(cell(problem))
    if done.problems:
        raise typer.Exit(1)


@app.command("rename")
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Name of the account.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    as_json: AsJson = False,
) -> None:
    """Give an account another name of yours, by which CSV files and commands know it from now on."""
    from operations.accounts import accounts

    with asking() as (ctx, owner):
        done = accounts.rename(ctx, owner, old, new)
    show_record(asdict(done), as_json=as_json)


def _show(found: AccountStanding, *, as_json: bool) -> None:
    if as_json:
        show_json(asdict(found))
        return
    show_record(_plain(found), as_json=False)
    for token in found.tokens:
        say("")
        show_record(_token(token), as_json=False)
    if found.missing_scopes:
        say("\nnot granted:")
        for lack in found.missing_scopes:
            say(f"  {lack.scope}: {lack.costs}")
    if found.readings:
        say("\nlast read:")
        width = max(len(one.kind) for one in found.readings)
        for one in found.readings:
            say(f"  {one.kind:{width}}  {cell(one.last_at) or 'never'}  {cell(one.status)}".rstrip())


def _plain(found: AccountStanding) -> dict[str, Any]:
    ahead = found.clock_ahead_ms
    named = ("name", "login", "ig_id", "username", "state", "state_reason", "state_until", "timezone", "if_late")
    shown: dict[str, Any] = {name: getattr(found, name) for name in named}
    if found.max_lateness_s is not None:
        shown["max_lateness"] = format_duration(timedelta(seconds=found.max_lateness_s))
    shown["min_spacing"] = format_duration(timedelta(seconds=found.min_spacing_s)) if found.min_spacing_s else None
    shown["reads"] = "paused" if found.is_reading_paused else None
    shown["posts_waiting"] = found.posts_waiting
    frees = f", frees at {cell(found.quota_frees_at)}" if found.quota_frees_at else ""
    shown["quota"] = f"{found.quota_used}/{found.quota_total}{frees}"
    shown["containers"] = f"{found.containers_left} of {found.containers_total} left"
    shown["clock"] = None if ahead is None else f"Instagram's is {ahead / 1000:+.1f} s"
    shown["webhooks"] = None if found.webhook_fields is None else ", ".join(found.webhook_fields) or "none"
    shown["webhooks_lacking"] = ", ".join(found.webhooks_lacking) or None
    shown["webhooks_read_at"] = found.webhooks_read_at
    shown["webhooks_error"] = found.webhooks_error
    return {name: value for name, value in shown.items() if value is not None}


def _token(token: TokenShown) -> dict[str, Any]:
    end = "never" if token.never_ends else cell(token.expires_at) or "not known"
    shown = {
        "token": "the account's" if token.which == "account" else "the person's",
        "kind": token.kind,
        "ends": end,
        "data_access_ends": token.data_access_expires_at,
        "scopes": "not known" if token.scopes is None else token.scopes,
        "checked_at": token.checked_at,
        "renewed_at": token.renewed_at,
        "renew_at": token.renew_at,
        "refused": token.refused,
        "error": token.error,
    }
    return {name: value for name, value in shown.items() if value is not None}
