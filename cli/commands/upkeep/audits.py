"""`pressrun audit`: who changed what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.asking import MOST_ROWS, asking
from cli.output import AsJson, note, show_rows

app = typer.Typer(help="Who changed what, and by which way.", no_args_is_help=True)

COLUMNS = ("id", "at", "asker", "face", "operation", "asked", "before", "after")

_Asker = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Only what this user or key has done.")]
_Operation = Annotated[str | None, typer.Option(help="Only this, such as post.edit.")]
_Since = Annotated[str | None, typer.Option(metavar="TIME", help="From then on; UTC unless the time says otherwise.")]
_Until = Annotated[str | None, typer.Option(metavar="TIME", help="Up to then, which is not included.")]


@app.command("list")
def list_(
    by: _Asker = None,
    operation: _Operation = None,
    since: _Since = None,
    until: _Until = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="At most this many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what was changed, newest first."""
    from operations.access import audits

    with asking() as (ctx, owner):
        wish = audits.Wish.parse(by=by, operation=operation, since=since, until=until)
        found = [_row(vars(one), as_json=as_json) for one in audits.list_entries(ctx, owner, wish, limit=limit)]
    show_rows(COLUMNS, found, as_json=as_json, empty="nothing was changed")


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; without it, to stdout.")] = None,
    by: _Asker = None,
    operation: _Operation = None,
    since: _Since = None,
    until: _Until = None,
) -> None:
    """Write all of it as JSON Lines, oldest first."""
    import sys

    from operations.access import audits

    with asking() as (ctx, owner):
        wish = audits.Wish.parse(by=by, operation=operation, since=since, until=until)
        count = audits.export(ctx, owner, wish, sys.stdout if file is None else file)
    note(f"{count} entries")


def _row(values: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    import json

    if as_json:
        return values
    told = {name: values[name] for name in ("asked", "before", "after")}
    return values | {name: json.dumps(one, ensure_ascii=False) if one else "" for name, one in told.items()}
