"""`pressrun insight`: look into the history, and take it out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, note, say, show_json, show_record, show_rows


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


app = typer.Typer(help="Look into the history of insights, and take it out.", no_args_is_help=True)


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
    from machine.runtime import read_settings, runtime
    from operations import insights as history

    from_ = history.parse_since(since)
    with runtime(read_settings()) as here, here.database.transaction() as tx:
        if media is not None:
            curve = history.media_curve(tx, media, since=from_ if since else None)
            show_rows(history.CURVE_COLUMNS, curve, as_json=as_json, empty="nothing was read of it yet")
            return
        accounts = history.account_values(tx, account, since=from_)
        latest = history.media_values(tx, account, since=from_)
    if as_json:
        show_json({"account": accounts, "media": latest})
        return
    if not accounts and not latest:
        note("nothing was read in that time; `pressrun harvest run` reads now, `--since` looks further back")
        return
    show_rows(history.ACCOUNT_COLUMNS, accounts, as_json=False, empty="no account values in that time")
    say("")
    show_rows(history.MEDIA_COLUMNS, latest, as_json=False, empty="no media values in that time")


@app.command("export")
def export(
    view: Annotated[
        str,
        typer.Option(help="account_daily, media_curve, media_totals, story_final, audience or follower_growth."),
    ],
    form: Annotated[Format, typer.Option("--format", help="Parquet needs --output.")] = Format.CSV,
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
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from models.views import Question, ask
    from operations import exports as exporting
    from pressrun.errors import UsageError

    if output is None and form is Format.PARQUET:
        raise UsageError("Parquet cannot go to stdout: name a file with --output")
    if output is None and as_json:
        raise UsageError("--json tells of a file: name one with --output, or take --format jsonl")
    which = exporting.parse_view(view)
    from_, before = exporting.parse_bound("--since", since, which), exporting.parse_bound("--until", until, which)
    if from_ is not None and before is not None and from_ >= before:
        raise UsageError(f"--since {since} is not before --until {until}")
    known_at = exporting.parse_as_of(as_of)
    with runtime(read_settings()) as here:
        account_id = None
        if account is not None:
            with here.database.transaction() as tx:
                account_id = find_account(tx, account).id
        question = Question(which, known_at, account_id, from_, before)
        with ask(here.database, question) as answer:
            rows = exporting.export(answer, form, output)
    if output is not None:
        show_record({"view": view, "rows": rows, "file": str(output)}, as_json=as_json)
