"""`pressrun harvest`: read insights, tags and profile now instead of at the next slot."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from cli import watching
from cli.output import AsJson, cell, note, show_rows

app = typer.Typer(help="Read insights, tags and profile of accounts.", no_args_is_help=True)

COLUMNS = ("account", "kind", "status", "calls", "rows", "errors")

KindName = Literal[
    "profile",
    "account",
    "audience",
    "media",
    "stories",
    "tags",
    "online_followers",
    "comments",
    "competitors",
    "hashtags",
]


app.command("watch")(watching.watch)
app.command("unwatch")(watching.unwatch)
app.command("watches")(watching.watches)


@app.command("run")
def run(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    kind: Annotated[KindName | None, typer.Option(help="Only this kind.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run harvests now and wait for them. Without workers of `up`, this command does the work itself."""
    from cli.harvesting import await_runs, request
    from cli.runtime import read_settings, runtime
    from models.harvest import HarvestKind

    with runtime(read_settings()) as here:
        here.vault()
        ids = request(here, account, HarvestKind(kind) if kind else None)
        rows = await_runs(here, ids, on_progress=_progress) if ids else []
    show_rows(COLUMNS, rows if as_json else [_countable(row) for row in rows], as_json=as_json, empty="no harvests")
    _explain(rows, as_json=as_json)
    if any(row["status"] not in {"done", "partial"} for row in rows):
        raise typer.Exit(1)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        note(f"{done} of {total} done")


def _countable(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"errors": len(row["errors"])}


def _explain(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """What a table has no room for."""
    for row in rows:
        name = f"{row['account']} {row['kind']}"
        if row["status"] == "waiting":
            note(f"{name}: is put off until {cell(row['next_action_at'])}; see `pressrun account list`")
        for error in () if as_json else row["errors"]:
            note(f"{name}, {error.get('what')}: {error.get('error')}")
