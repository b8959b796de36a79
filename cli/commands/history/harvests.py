"""`pressrun harvest`: what is read of accounts and when; reading it now, or reading back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from cli.asking import asking
from cli.commands.history import watches as watching
from cli.output import AllRows, AsJson, cell, local_time, most_shown, note, show_rows

app = typer.Typer(help="Read insights, tags and profile of accounts.", no_args_is_help=True)

COLUMNS = ("account", "kind", "status", "calls", "rows", "errors")

BACKFILL_COLUMNS = ("account", "kind", "since", "status", "progress", "calls", "rows", "errors", "finished_at")

REREAD_COLUMNS = ("account", "since", "until", "status", "progress", "answers", "rows", "errors", "finished_at")

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
    from operations.history.harvests import await_runs, run_harvests
    from operations.operation import OWNER, Context

    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        ids = run_harvests(ctx, OWNER, account, kind)
        outcomes = await_runs(ctx, OWNER, ids, on_progress=_progress, hands=lending(here))
    _conclude(COLUMNS, [vars(one) for one in outcomes], as_json=as_json, empty="no harvests")


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
    everything: AllRows = False,
    as_json: AsJson = False,
) -> None:
    """Show what is read, when last with what result, when next, and what it costs in calls.

    Times are in the account's zone, with --json in UTC. `calls` is the last run, `calls_per_day` the last 24 hours.
    A terminal shows the first 60 rows, a pipe and --json have all.
    """
    from operations.history.harvests import list_harvests

    with asking() as (ctx, owner):
        rows = [vars(one) for one in list_harvests(ctx, owner, account)]
    shown = rows if as_json else [_for_people(row) for row in rows]
    columns = LIST_COLUMNS if as_json else tuple(name for name in LIST_COLUMNS if name != "timezone")
    show_rows(
        columns,
        shown,
        as_json=as_json,
        empty="no harvests; `pressrun account connect` connects an account",
        most=most_shown(everything),
        spare=("calls", "cron", "rows", "calls_per_day", "refused"),
    )


@app.command("backfill")
def backfill(
    since: Annotated[str, typer.Option(help="How far back: 2026-01-01, or …T08:00Z. Without a zone it is UTC.")],
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    kind: Annotated[KindName | None, typer.Option(help="Only this kind. Default: every kind that has a past.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read back as far as Instagram tells. Interrupted, it goes on where it was when it is run again."""
    from cli.commands.history.progress import progress
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.history import backfills
    from operations.operation import OWNER, Context

    from_ = backfills.parse_since(since)
    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        asked = backfills.request(ctx, OWNER, from_, account, kind)
        for line in asked.notes:
            note(line)
        with progress() as on_progress:
            found = backfills.await_backfills(ctx, OWNER, asked.ids, on_progress=on_progress, hands=lending(here))
    _conclude(BACKFILL_COLUMNS, [vars(one) for one in found], as_json=as_json, empty="no accounts")


@app.command("reread")
def reread(
    since: Annotated[str, typer.Option(help="From when on: 2026-11-01, or …T08:00Z. Without a zone it is UTC.")],
    until: Annotated[str | None, typer.Option(help="Up to when, not included. Default: now.")] = None,
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read the answers again that were kept (PRESSRUN_RAW_ANSWERS), with the parsers of this release.

    Nothing is asked of Instagram. What they tell is stored under the time at which they were asked for, and what is
    known adds nothing.
    """
    from cli.commands.history.progress import progress
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.history import rereads
    from operations.operation import OWNER, Context

    from_ = rereads.parse_bound(since, field="since")
    to = None if until is None else rereads.parse_bound(until, field="until")
    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        asked = rereads.request(ctx, OWNER, from_, to, account)
        for line in asked.notes:
            note(line)
        with progress() as on_progress:
            found = rereads.await_rereads(ctx, OWNER, asked.ids, on_progress=on_progress, hands=lending(here))
    _conclude(REREAD_COLUMNS, [vars(one) for one in found], as_json=as_json, empty="no accounts")


def _conclude(columns: Sequence[str], rows: list[dict[str, Any]], *, as_json: bool, empty: str) -> None:
    """Show what came of each, explain what went wrong, and exit 1 unless all was read."""
    show_rows(columns, rows if as_json else [_countable(row) for row in rows], as_json=as_json, empty=empty)
    for row in rows:
        name = f"{row['account']} {row['kind']}"
        if row["status"] == "waiting":
            note(f"{name}: is put off until {cell(row['next_action_at'])}; see `pressrun account list`")
        for error in () if as_json else row["errors"]:
            note(f"{name}, {error.get('what')}: {error.get('error')}")
    if any(row["status"] not in {"done", "partial"} for row in rows):
        raise typer.Exit(1)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        note(f"{done} of {total} done")


def _countable(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"errors": len(row["errors"])}


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    """For a table: times on the account's clock, counts and names in the place of lists."""
    from pressrun import clock
    from pressrun.errors import PressrunError

    try:
        zone = clock.zone(row["timezone"])
    except PressrunError:
        zone = clock.zone("UTC")
    times = {name: local_time(row[name], zone) for name in ("last_at", "next_at")}
    return _countable(row) | times | {"refused": sorted(row["refused"])}
