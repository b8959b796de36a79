"""`pressrun slot`: the weekly times at which an account posts; a late post may take the next free one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.output import AsJson, say, show_json, show_rows

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
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from models.slot import WeeklyTime
    from scheduler.slots import add_slots, parse_days, parse_time

    times = [WeeklyTime(day, parse_time(one)) for day in parse_days(days) for one in at]
    with runtime(read_settings()) as here, here.database.transaction() as tx:
        found = find_account(tx, account)
        added = add_slots(tx, found.id, times)
        zone = found.timezone
    if as_json:
        show_json({"added": added, "unchanged": len(set(times)) - added})
    else:
        say(f"added {added}, already there {len(set(times)) - added}; times are in {zone}")


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show slots and when they come next."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from pressrun import clock
    from scheduler.slots import list_slots

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        account_id = find_account(tx, account).id if account else None
        rows = [asdict(slot) for slot in list_slots(tx, account_id=account_id, now=clock.now())]
    show_rows(COLUMNS, rows, as_json=as_json, empty="no slots; add some with `pressrun slot add`")


@app.command("remove")
def remove(
    slot: Annotated[int, typer.Argument(help="Number of the slot, as `slot list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Take a slot away; posts that are due at it stay."""
    from machine.runtime import read_settings, runtime
    from scheduler.slots import remove_slot

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        remove_slot(tx, slot)
    if as_json:
        show_json({"removed": slot})
    else:
        say(f"removed slot {slot}")
