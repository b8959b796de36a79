"""`pressrun db`: the schema, who may read it, and how to reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cli.asking import asking
from cli.output import AsJson, note, say, show_json, show_record
from pressrun.errors import Invalid

if TYPE_CHECKING:
    from machine.reaching import Way
    from machine.runtime import Runtime

app = typer.Typer(
    help="Bring the database's schema up, see where it stands, let others read the history, reach it.",
    no_args_is_help=True,
)

AsOwner = Annotated[bool, typer.Option("--owner", help="As the role that Pressrun works with, which may do anything.")]
AsRole = Annotated[str | None, typer.Option("--role", help="As this role. Without it: as the reader.")]


@app.command("upgrade")
def upgrade(as_json: AsJson = False) -> None:
    """Apply all missing revisions. Running it again changes nothing."""
    from machine import schema
    from machine.runtime import read_settings, runtime

    with runtime(read_settings(), upgraded=False) as here:
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
    from operations.upkeep import readers

    with asking() as (ctx, owner):
        granted = readers.grant_reader(ctx, owner, role)
    show_record(vars(granted), as_json=as_json)


@app.command("reseal")
def reseal(as_json: AsJson = False) -> None:
    """Seal all that is sealed anew under the newest key: after one was put first in PRESSRUN_SECRET_KEYS."""
    from operations.upkeep import sealing

    with asking() as (ctx, owner):
        done = sealing.reseal(ctx, owner)
    show_record({**done.secrets, "unreadable": list(done.unreadable)}, as_json=as_json)
    if done.unreadable:
        raise typer.Exit(1)


@app.command("psql", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def psql(context: typer.Context, owner: AsOwner = False, role: AsRole = None) -> None:
    """Open psql on the database, as its reader. What stands behind -- is handed on: -- -c "SELECT 1".

    An embedded server is started for it, and kept for as long as psql runs.
    """
    from machine.reaching import run_psql

    with _reached(owner=owner, role=role) as (_here, way):
        code = run_psql(way, context.args)
    raise typer.Exit(code)


@app.command("url")
def url(
    owner: AsOwner = False,
    role: AsRole = None,
    tcp: Annotated[
        bool, typer.Option("--tcp", help="An embedded server by a port of this machine, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Which port; 0 takes a free one.")] = 0,
    hold: Annotated[bool, typer.Option("--hold", help="Keep an embedded server up until Ctrl-C.")] = False,
    with_password: Annotated[bool, typer.Option("--with-password", help="Print the password as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the address of the database, for its reader, as other programs take it."""
    from machine.reaching import tcp_way_to
    from machine.stopping import stop_event

    if port and not tcp:
        raise Invalid("a port is one of --tcp", field="port")
    with _reached(owner=owner, role=role) as (here, way):
        if tcp:
            with tcp_way_to(here, way, port=port) as bridged, stop_event() as stop:
                _tell(bridged, with_password=with_password, as_json=as_json)
                stop.wait()
            return
        _tell(way, with_password=with_password, as_json=as_json)
        if hold and here.has_own_postgres:
            with stop_event() as stop:
                stop.wait()
        elif here.has_own_postgres:
            note("an embedded server ends with its last user: run this beside `pressrun up`, or with --hold")


@contextmanager
def _reached(*, owner: bool, role: str | None) -> Iterator[tuple[Runtime, Way]]:
    from machine.reaching import way_to
    from machine.runtime import read_settings, runtime

    if owner and role is not None:
        raise Invalid("say either --owner or --role")
    settings = read_settings()
    # An owner may want to look at a schema of another release.
    with runtime(settings, name="psql", upgraded=settings.database_url is None or not owner) as here:
        yield here, way_to(here, owner=owner, role=role)


def _tell(way: Way, *, with_password: bool, as_json: bool) -> None:
    address = way.url(with_password=with_password)
    if as_json:
        show_json({"url": address, "role": way.role})
    else:
        say(address)
