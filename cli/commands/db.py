"""`pressrun db`: the schema, and who may read it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import asking
from cli.output import AsJson, show_record

app = typer.Typer(
    help="Bring the database's schema up, see where it stands, let others read the history.", no_args_is_help=True
)


@app.command("upgrade")
def upgrade(as_json: AsJson = False) -> None:
    """Apply all missing revisions. Running it again changes nothing."""
    from machine import schema
    from machine.runtime import read_settings, runtime

    with runtime(read_settings(), upgraded=False, owner=True) as here:
        before = schema.status(here.database)
        after = schema.upgrade(here.database)
    show_record({"was": before.current, "is": after.current, "head": after.head}, as_json=as_json)


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """Say which revision the database is at; exit 1 unless it is the one of this release."""
    from machine import schema
    from machine.runtime import read_settings, runtime

    with runtime(read_settings(), upgraded=False) as here:
        found = schema.status(here.database)
    record = {"current": found.current, "head": found.head, "is_current": found.is_current}
    show_record(record, as_json=as_json)
    if not found.is_current:
        raise typer.Exit(1)


@app.command("grant-reader")
def grant_reader(
    role: Annotated[str, typer.Argument(help="An existing role of Postgres that can do nothing else here.")],
    as_json: AsJson = False,
) -> None:
    """Let a role read the history and nothing else: for BI tools. Upgrades keep it so."""
    from operations import system

    with asking() as (ctx, owner):
        granted = system.grant_reader(ctx, owner, role)
    show_record(vars(granted), as_json=as_json)
