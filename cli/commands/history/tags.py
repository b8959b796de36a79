"""`pressrun tag`: media of others in which an account is tagged."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import MOST_ROWS, asking
from cli.output import AsJson, show_rows

app = typer.Typer(help="See who tags an account.", no_args_is_help=True)

_SPARE = ("first_seen_at", "last_seen_at", "media_type", "ig_media_id", "permalink")
COLUMNS = (
    "account",
    "ig_media_id",
    "username",
    "caption",
    "media_type",
    "permalink",
    "posted_at",
    "first_seen_at",
    "last_seen_at",
)


@app.callback()
def _group() -> None:
    """A group of one command, so that it keeps its name."""


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="At most this many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the media of others that tag an account, newest first."""
    from operations.history.tags import list_tags

    with asking() as (ctx, owner):
        found = list_tags(ctx, owner, account, limit=limit)
    show_rows(COLUMNS, [vars(one) for one in found], as_json=as_json, empty="no tags yet", spare=_SPARE)
