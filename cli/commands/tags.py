"""`pressrun tag`: media of others in which an account is tagged."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import AsJson, show_rows

app = typer.Typer(help="See who tags an account.", no_args_is_help=True)

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
    limit: Annotated[int, typer.Option(min=1, help="At most this many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the media of others that tag an account, newest first."""
    from sqlalchemy import select

    from machine.runtime import read_settings, runtime
    from models.account import Account, find_account
    from models.tag import Tag

    query = select(Tag, Account.name).join(Account, Account.id == Tag.account_id)
    with runtime(read_settings()) as here, here.database.transaction() as tx:
        if account is not None:
            query = query.where(Tag.account_id == find_account(tx, account).id)
        query = query.order_by(Tag.posted_at.desc().nulls_last(), Tag.id.desc()).limit(limit)
        rows = [
            {"account": name} | {column: getattr(tag, column) for column in COLUMNS if column != "account"}
            for tag, name in tx.execute(query)
        ]
    show_rows(COLUMNS, rows, as_json=as_json, empty="no tags yet")
