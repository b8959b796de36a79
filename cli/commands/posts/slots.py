"""`pressrun slot`: the weekly times at which an account posts; a late post may take the next free one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.asking import LARGEST_ID, asking
from cli.output import AsJson, local_time, say, show_json, show_rows

app = typer.Typer(help="Weekly posting times of accounts.", no_args_is_help=True)

COLUMNS = ("id", "account", "day", "time", "timezone", "next_at")


@app.command("add")
def add(
    account: Annotated[str, typer.Option(help="Name of the account.")],
    at: Annotated[list[str], typer.Option("--at", help="Time of day in its zone, 09:30; several times for several.")],
    days: Annotated[str, typer.Option(help="mon,wed,fri, or daily, weekdays, weekend.")] = "daily",
    as_json: AsJson = False,
) -> None:
    """Give an account slots; those it has are left alone."""
    from operations.posts import slots

    with asking() as (ctx, owner):
        done = slots.add(ctx, owner, account, days=days, at=at)
    if as_json:
        show_json({"added": done.added, "unchanged": done.unchanged})
    else:
        say(f"added {done.added}, already there {done.unchanged}; times are in {done.timezone}")


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show slots and when they come next."""
    from operations.posts.slots import list_slots
    from pressrun.clock import zone

    with asking() as (ctx, owner):
        rows = [asdict(slot) for slot in list_slots(ctx, owner, account=account)]
    if not as_json:
        rows = [row | {"next_at": local_time(row["next_at"], zone(row["timezone"]))} for row in rows]
    show_rows(COLUMNS, rows, as_json=as_json, empty="no slots; add some with `pressrun slot add`")


@app.command("remove")
def remove(
    slot: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, help="Number of the slot, as `slot list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Take a slot away; posts that are due at it stay."""
    from operations.posts import slots

    with asking() as (ctx, owner):
        slots.remove(ctx, owner, slot)
    if as_json:
        show_json({"removed": slot})
    else:
        say(f"removed slot {slot}")
