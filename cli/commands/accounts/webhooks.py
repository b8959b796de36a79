"""`pressrun account webhooks`: what Instagram tells us of an account, and mending it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.asking import asking
from cli.commands.accounts.accounts import AccountName
from cli.output import AsJson, note, show_record

if TYPE_CHECKING:
    from operations.accounts.subscriptions import SubscriptionShown

app = typer.Typer()


@app.command("webhooks")
def webhooks(
    account: AccountName,
    repair: Annotated[
        bool, typer.Option("--repair", help="Ask Instagram now, and subscribe what is lacking; else what is known.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show which webhooks an account is subscribed to. Exit code 1: something is lacking, or could not be read."""
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.accounts import subscriptions
    from operations.operation import OWNER, Context

    if repair:
        with runtime(read_settings()) as here:
            ctx = Context(here.database, here.settings)
            owed = subscriptions.renew(ctx, OWNER, account)
            found = subscriptions.await_outcome(ctx, OWNER, account, owed, hands=lending(here))
    else:
        with asking() as (ctx, owner):
            found = subscriptions.show(ctx, owner, account)
    _show(found, as_json=as_json)
    if not found.is_whole:
        raise typer.Exit(1)


def _show(found: SubscriptionShown, *, as_json: bool) -> None:
    shown = asdict(found)
    if as_json:
        show_record(shown, as_json=True)
        return
    lists = {name: ", ".join(shown[name]) or None for name in ("fields", "wanted", "lacking")}
    refused = "; ".join(f"{name}: {why}" for name, why in found.refused.items()) or None
    show_record(shown | lists | {"refused": refused}, as_json=False)
    if found.read_at is None and found.error is None:
        note("Instagram was not asked yet: a worker does so soon after the account is connected")
