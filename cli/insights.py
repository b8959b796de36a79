"""`pressrun insight`: look into the history."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import AsJson, note, say, show_json, show_rows

app = typer.Typer(help="Look into the history of insights.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group of one command, so that it keeps its name."""


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
    from cli import history
    from cli.runtime import read_settings, runtime

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
