"""`pressrun account forecast`: what the days ahead take of an account's quota."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.asking import asking
from cli.output import AsJson, note, show_json, show_rows

app = typer.Typer()

COLUMNS = ("day", "posts", "containers", "most_in_window", "is_over")


@app.command("forecast")
def forecast(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days to look ahead.")] = 14,
    as_json: AsJson = False,
) -> None:
    """Show how full the publishing window is, and what the days ahead take of it and of containers."""
    from operations.accounts import forecasts

    with asking() as (ctx, owner):
        found = forecasts.look(ctx, owner, account, days=days)
    if as_json:
        show_json(asdict(found))
        return
    show_rows(COLUMNS, [asdict(one) for one in found.days], as_json=False)
    frees = f", a place frees at {found.frees_at:%Y-%m-%d %H:%M} UTC" if found.frees_at else ""
    note(
        f"now: {found.quota_used} of {found.quota_total} publishes{frees}; "
        f"{found.containers_used} of {found.containers_total} containers"
    )
