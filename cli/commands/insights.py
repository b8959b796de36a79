"""`pressrun insight`: look into the history, and take it out."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.asking import asking
from cli.output import AsJson, note, say, show_json, show_record, show_rows

app = typer.Typer(help="Look into the history of insights, and take it out.", no_args_is_help=True)

FormatName = Literal["csv", "parquet", "jsonl"]


@app.command("show")
def show(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    media: Annotated[str | None, typer.Option(help="The curve of this media, by its Instagram id.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only what is from then on: 2026-11-01, or …T08:00Z. Default: the last 7 days.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the latest values of accounts and media, or how the values of one media grew."""
    from operations import insights as history

    from_ = history.parse_since(since)
    with asking() as (ctx, owner):
        if media is not None:
            curve = [one.as_row() for one in history.curve(ctx, owner, media, from_)]
            show_rows(history.CURVE_COLUMNS, curve, as_json=as_json, empty="nothing was read of it yet")
            return
        found = history.newest(ctx, owner, account, from_)
    accounts, latest = [one.as_row() for one in found.accounts], [one.as_row() for one in found.media]
    if as_json:
        show_json({"account": accounts, "media": latest})
        return
    if not accounts and not latest:
        note("nothing was read in that time; `pressrun harvest run` reads now, `--since` looks further back")
        return
    show_rows(history.ACCOUNT_COLUMNS, accounts, as_json=False, empty="no account values in that time")
    say("")
    show_rows(history.MEDIA_COLUMNS, latest, as_json=False, empty="no media values in that time")


@app.command("coverage")
def coverage(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of harvest, such as account or stories.")] = None,
    since: Annotated[str | None, typer.Option(help="The first day: 2026-11-01. Default: 30 days ago.")] = None,
    until: Annotated[str | None, typer.Option(help="The day after the last one. Default: tomorrow.")] = None,
    state: Annotated[str | None, typer.Option(help="Only these: read, partial, missed or lost.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is missing: days read in part, missed and still told by Instagram, or lost for good, and why."""
    from operations import coverage as covered

    first, end = covered.parse_day(since, field="since"), covered.parse_day(until, field="until")
    wanted = covered.parse_state(state)
    with asking() as (ctx, owner):
        found = covered.show(
            ctx, owner, account, kind=kind, since=first, until=end, state=wanted, everything=everything
        )
    rows = [vars(one) for one in found]
    shown = rows if as_json else [row | {"ig_media_ids": " ".join(row["ig_media_ids"] or ())} for row in rows]
    show_rows(covered.COLUMNS, shown, as_json=as_json, empty="nothing is missing of these days")


@app.command("export")
def export(
    view: Annotated[
        str,
        typer.Option(help="account_daily, media_curve, media_totals, story_final, audience or follower_growth."),
    ],
    form: Annotated[FormatName, typer.Option("--format", help="Parquet needs --output.")] = "csv",
    since: Annotated[
        str | None, typer.Option(help="Only from then on: 2026-11-01, or …T08:00Z where the view has instants.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only before then, the day or instant itself not included.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="As it was known then: 2026-11-01T08:00Z; a day alone is its first instant, UTC.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file, replaced when all is written. Default: stdout.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the rows of a view as CSV, JSON Lines or Parquet, however many there are."""
    from operations import exports
    from pressrun import clock
    from pressrun.errors import Invalid

    if output is None and form == "parquet":
        raise Invalid("Parquet cannot go to stdout: name a file with --output")
    if output is None and as_json:
        raise Invalid("--json tells of a file: name one with --output, or take --format jsonl")
    wish = exports.Wish.parse(view, form, as_of=as_of, since=since, until=until, now=clock.now())
    if output is None and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # data: a terminal's few characters must not change it
    with asking() as (ctx, owner):
        rows = exports.export(ctx, owner, wish, output or sys.stdout, account)
    if output is not None:
        show_record({"view": view, "rows": rows, "file": str(output)}, as_json=as_json)
