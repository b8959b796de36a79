"""`pressrun account`: connect accounts, see them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.asking import asking
from cli.output import AllRows, AsJson, most_shown, say, show_json, show_record, show_rows
from cli.problems import tell_warnings
from pressrun.errors import Invalid

if TYPE_CHECKING:
    from operations.accounts.connections import Connected

app = typer.Typer(help="Connect Instagram accounts and see them.", no_args_is_help=True)

COLUMNS = ("name", "login", "ig_id", "username", "state", "state_until", "timezone", "quota", "posts_waiting")

AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account.")]
LoginName = Literal["facebook", "instagram"]

_LONGEST_TOKEN = 64 * 1024


@app.command("add")
def add(
    login: Annotated[LoginName, typer.Option(help="How the account's owner signed in.")],
    ig_id: Annotated[str, typer.Option("--ig-id", help="Id of the Instagram professional account.")],
    name: Annotated[str, typer.Option(help="Your name for it, as it stands in CSV files.")],
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File with the access token; without it, it is read from stdin.")
    ] = None,
    user_token_file: Annotated[
        Path | None,
        typer.Option("--user-token-file", help="File with the person's token, where the other is a Page's."),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone of times given without one, such as Europe/Paris. New accounts: UTC.")
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Ask Instagram whose token it is.")] = True,
    as_json: AsJson = False,
) -> None:
    """Connect an account, or renew the token of one that is connected."""
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.accounts.connections import Login, NewAccount, await_outcome, connect
    from operations.operation import OWNER, Context

    settings = read_settings()
    other = None if user_token_file is None else read_token(user_token_file, "user_token_file")
    new = NewAccount(Login(login), ig_id.strip(), name, read_token(token_file), timezone, other)
    with runtime(settings) as here:
        ctx = Context(here.database, here.settings)
        connection_id = connect(ctx, OWNER, new, check=check)
        done = await_outcome(ctx, OWNER, connection_id, hands=lending(here))
    if as_json:
        show_json(shown_connected(done))
    else:
        tell_connected(done)


@app.command("list")
def list_accounts(everything: AllRows = False, as_json: AsJson = False) -> None:
    """Show all accounts."""
    from operations.accounts.accounts import list_accounts

    with asking() as (ctx, owner):
        found = list_accounts(ctx, owner)
    rows = [{**asdict(one), "quota": f"{one.quota_used}/{one.quota_total}"} for one in found]
    empty = "no accounts yet: `pressrun account connect` connects one"
    spare = ("ig_id", "login", "username", "timezone")
    show_rows(COLUMNS, rows, as_json=as_json, empty=empty, most=most_shown(everything), spare=spare)


@app.command("edit")
def edit(
    account: AccountName,
    timezone: Annotated[str | None, typer.Option(help="Zone of times given without one.")] = None,
    max_lateness: Annotated[str | None, typer.Option(help="How late its posts may go out: 90s, 15m, 2h.")] = None,
    if_late: Annotated[str | None, typer.Option(help="What then: publish, expire or next_slot.")] = None,
    min_spacing: Annotated[str | None, typer.Option(help="Least time between two of its posts: 5m.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what posts of an account inherit from now on; an empty text goes back to the default."""
    from operations.accounts import accounts

    changes = accounts.TermChanges(
        timezone=timezone, max_lateness=max_lateness, if_late=if_late, min_spacing=min_spacing
    )
    with asking() as (ctx, owner):
        terms = accounts.edit(ctx, owner, account, changes)
    tell_warnings(terms.warnings)
    shown = asdict(terms)
    show_record(shown if as_json else {name: shown[name] for name in shown if name != "warnings"}, as_json=as_json)


@app.command("pause")
def pause(
    account: AccountName,
    why: Annotated[str | None, typer.Option("--why", help="For the record.")] = None,
    reading: Annotated[bool, typer.Option("--reading", help="Read nothing of it either.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let nothing of an account go out until it is resumed. It is still read, unless that is to stop as well."""
    from operations.accounts import accounts

    with asking() as (ctx, owner):
        held = accounts.pause(ctx, owner, account, why=why, reading=reading)
    told = {"account": held.account, "state": held.state, "is_reading_paused": held.is_reading_paused}
    show_record(told, as_json=as_json)


@app.command("resume")
def resume(account: AccountName, as_json: AsJson = False) -> None:
    """Let an account go on, and read it again; its backlog goes out spaced."""
    from operations.accounts import accounts

    with asking() as (ctx, owner):
        show_record(asdict(accounts.resume(ctx, owner, account)), as_json=as_json)


def shown_connected(done: Connected) -> dict[str, Any]:
    """What came of a connection, as JSON has it."""
    tell_warnings(done.warnings)
    fields = ("is_new", "name", "login", "ig_id", "username", "state", "timezone", "warnings")
    return {field: getattr(done, field) for field in fields}


def tell_connected(done: Connected) -> None:
    """What came of a connection, for people."""
    tell_warnings(done.warnings)
    known_as = f", @{done.username}" if done.username else ""
    say(f"{'added' if done.is_new else 'renewed'} {done.name} ({done.ig_id}{known_as}), zone {done.timezone}")
    if done.posts_woken:
        say(f"{done.posts_woken} posts that waited for the token go on")
    if done.state != "active":
        say(f"the account is {done.state}: {done.state_reason or 'no reason given'}")


def read_token(file: Path | None, field: str = "token_file") -> str:
    """A token from a file, from stdin, or asked for at a terminal without an echo. Raises Invalid."""
    try:
        if file is not None:
            with file.open(encoding="utf-8") as source:
                return source.read(_LONGEST_TOKEN).strip()
        if sys.stdin.isatty():
            from getpass import getpass

            return getpass("Access token: ").strip()
        return sys.stdin.read(_LONGEST_TOKEN).strip()
    except OSError as problem:
        raise Invalid(f"{file}: {problem.strerror}", field=field) from None
    except UnicodeDecodeError:
        raise Invalid("the token is not text", field=field if file is not None else None) from None
