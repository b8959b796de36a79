"""`pressrun account deletions`: what people asked of Meta to have deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import asking
from cli.output import AsJson, show_rows

app = typer.Typer()

COLUMNS = ("code", "user_id", "state", "erased", "error", "asked_at", "settled_at")


@app.command("deletions")
def deletions(
    done: Annotated[
        list[str] | None,
        typer.Option("--done", metavar="CODE", help="You have looked, and removed what had to go."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what people asked of Meta to have deleted, or say that one in review is done."""
    from operations.accounts import callbacks

    with asking() as (ctx, owner):
        found = callbacks.conclude(ctx, owner, done) if done else callbacks.list_deletions(ctx, owner)
    rows = [{name: getattr(one, name) for name in COLUMNS} for one in found]
    show_rows(COLUMNS, rows, as_json=as_json, empty="nobody has asked for anything to be deleted")
