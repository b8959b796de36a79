"""`pressrun insight`: look into the history, and take it out."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.asking import asking
from cli.output import AllRows, AsJson, most_shown, note, say, show_json, show_record, show_rows

app = typer.Typer(help="Look into the history of insights, and take it out.", no_args_is_help=True)

_SPARE = (
    *("captured_at", "avg_watch_time_ms", "total_watch_time_ms", "profile_visits", "follows", "reposts", "replies"),
    *("total_interactions", "last_checked_at", "breakdown", "saved", "shares"),
)

_SPARE_OF_SPANS = (
    *("change_before", "posts_before", "interactions_before", "views_before", "median_reach_before"),
    *("followers_on", "change_since"),
)

FormatName = Literal["csv", "parquet", "jsonl"]


@app.command("show")
def show(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    media: Annotated[str | None, typer.Option(help="The curve of this media, by its Instagram id.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only what is from then on: 2026-11-01, or …T08:00Z. Default: the last 7 days.")
    ] = None,
    everything: AllRows = False,
    as_json: AsJson = False,
) -> None:
    """Show the latest values of accounts and media, or how the values of one media grew."""
    from operations.history import insights as history

    from_, most = history.parse_since(since), None if as_json else most_shown(everything)
    with asking() as (ctx, owner):
        if media is not None:
            curve = [one.as_row() for one in history.curve(ctx, owner, media, from_)]
            empty = "nothing was read of it yet"
            show_rows(history.CURVE_COLUMNS, curve, as_json=as_json, empty=empty, most=most)
            return
        found = history.newest(ctx, owner, account, from_, most=None if most is None else most + 1)
    accounts, latest = [one.as_row() for one in found.accounts], [one.as_row() for one in found.media]
    if as_json:
        show_json({"account": accounts, "media": latest})
        return
    if not accounts and not latest:
        note("nothing was read in that time; `pressrun harvest run` reads now, `--since` looks further back")
        return
    cut: dict[str, Any] = {"as_json": False, "most": most, "is_cut": most is not None, "spare": _SPARE}
    show_rows(history.ACCOUNT_COLUMNS, accounts, empty="no account values in that time", **cut)
    say("")
    show_rows(history.MEDIA_COLUMNS, latest, empty="no media values in that time", **cut)


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
    from operations.history import coverage as covered

    first, end = covered.parse_day(since, field="since"), covered.parse_day(until, field="until")
    wanted = covered.parse_state(state)
    span, most = {"since": first, "until": end}, None if as_json else most_shown(False)
    one_more = None if most is None else most + 1
    with asking() as (ctx, owner):
        found = covered.show(ctx, owner, account, kind=kind, **span, state=wanted, everything=everything, most=one_more)
    rows = [vars(one) for one in found]
    shown = rows if as_json else [row | {"ig_media_ids": " ".join(row["ig_media_ids"] or ())} for row in rows]
    show_rows(
        covered.COLUMNS,
        shown,
        as_json=as_json,
        empty="nothing is missing of these days",
        most=most,
        is_cut=most is not None,
        rest="by --account, --kind and --since, or in a pipe",
    )


@app.command("compare")
def compare(
    account: Annotated[list[str], typer.Option(help="One of the accounts; repeatable, two to eight.")],
    since: Annotated[
        str | None, typer.Option(help="The first day: 2026-11-01. Default: 28 days before the end.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="The day after the last one. Default: today.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was known then: 2026-11-01T08:00Z.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="This number day by day: reach, views, total_interactions, followers, …")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare accounts over a span, each beside its own span before; or one number of theirs day by day."""
    from operations.history import coverage as covered
    from operations.history import side_by_side

    wanted = side_by_side.parse_metric(metric)
    first, end = covered.parse_day(since, field="since"), covered.parse_day(until, field="until")
    with asking() as (ctx, owner):
        found = side_by_side.compare(ctx, owner, account, since=first, until=end, as_of=as_of)
    if wanted is None:
        rows = [one.as_row() for one in found.accounts]
        show_rows(side_by_side.COLUMNS, rows, as_json=as_json, spare=_SPARE_OF_SPANS)
        return
    days = found.daily(wanted)
    if as_json:
        show_json([vars(one) for one in days])
        return
    heads = {name: f"{name} (account)" if name in {"day", "lacking"} else name for name in found.known}
    rows = [
        {heads[name]: value for name, value in one.values.items()} | {"day": one.day, "lacking": one.lacking}
        for one in days
    ]
    show_rows(("day", *heads.values(), "lacking"), rows, as_json=False)


@app.command("export")
def export(
    view: Annotated[
        str,
        typer.Option(
            help="coverage, account_daily, media_curve, media_totals, story_final, audience or follower_growth."
        ),
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
    from operations.history import exports
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
