"""`pressrun harvest`: what is read of accounts and when; reading it now, or reading back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from cli.commands import watches as watching
from cli.output import AsJson, cell, note, show_rows

app = typer.Typer(help="Read insights, tags and profile of accounts.", no_args_is_help=True)

COLUMNS = ("account", "kind", "status", "calls", "rows", "errors")

BACKFILL_COLUMNS = ("account", "kind", "since", "status", "progress", "calls", "rows", "errors", "finished_at")

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
    """Run harvests now and wait for them. Without workers of `up`, this command runs one for itself."""
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from models.harvest import HarvestKind
    from operations.harvests import await_runs, request

    with runtime(read_settings()) as here:
        here.vault()
        ids = request(here, account, HarvestKind(kind) if kind else None)
        rows = await_runs(here, ids, on_progress=_progress, hands=lending(here)) if ids else []
    show_rows(COLUMNS, rows if as_json else [_countable(row) for row in rows], as_json=as_json, empty="no harvests")
    _explain(rows, as_json=as_json)
    if any(row["status"] not in {"done", "partial"} for row in rows):
        raise typer.Exit(1)


LIST_COLUMNS = (
    "account",
    "kind",
    "cron",
    "timezone",
    "last_at",
    "status",
    "rows",
    "calls",
    "calls_per_day",
    "next_at",
    "errors",
    "refused",
)


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is read, when last with what result, when next, and what it costs in calls.

    Times are in the account's zone, with --json in UTC. `calls` is the last run, `calls_per_day` the last 24 hours.
    """
    from machine.runtime import read_settings, runtime
    from operations.harvest_list import for_people, harvests

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        rows = harvests(tx, account)
    shown = rows if as_json else [for_people(row) for row in rows]
    columns = LIST_COLUMNS if as_json else tuple(name for name in LIST_COLUMNS if name != "timezone")
    show_rows(columns, shown, as_json=as_json, empty="no harvests; `pressrun account add` adds an account")


@app.command("backfill")
def backfill(
    since: Annotated[str, typer.Option(help="How far back: 2026-01-01, or …T08:00Z. Without a zone it is UTC.")],
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    kind: Annotated[KindName | None, typer.Option(help="Only this kind. Default: every kind that has a past.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read back as far as Instagram tells. Interrupted, it goes on where it was when it is run again."""
    from cli.commands.lending import lending
    from cli.commands.progress import progress
    from machine.runtime import read_settings, runtime
    from models.harvest import HarvestKind
    from operations.backfills import await_backfills, parse_since, request
    from pressrun import clock

    with runtime(read_settings()) as here:
        here.vault()
        asked = request(here, account, HarvestKind(kind) if kind else None, parse_since(since), now=clock.now())
        for line in asked.notes:
            note(line)
        rows: list[dict[str, Any]] = []
        if asked.ids:
            with progress() as on_progress:
                rows = await_backfills(here, asked.ids, on_progress=on_progress, hands=lending(here))
    shown = rows if as_json else [_countable(row) for row in rows]
    show_rows(BACKFILL_COLUMNS, shown, as_json=as_json, empty="no accounts")
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
