"""`pressrun comment`: comments on the accounts' own media."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import asking
from cli.output import AsJson, show_rows

app = typer.Typer(help="See comments on the accounts' media.", no_args_is_help=True)

COLUMNS = ("id", "account", "ig_id", "ig_media_id", "username", "text", "commented_at", "is_hidden", "gone_at")


@app.callback()
def _group() -> None:
    """A group of one command, so that it keeps its name."""


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    media: Annotated[str | None, typer.Option(help="Only below this media, by Instagram's id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, those that were seen last.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List comments, those that were seen last first."""
    from operations.comments import list_comments

    with asking() as (ctx, owner):
        found = list_comments(ctx, owner, account, media=media, limit=limit)
    show_rows(COLUMNS, [vars(one) for one in found], as_json=as_json, empty="no comments yet")
