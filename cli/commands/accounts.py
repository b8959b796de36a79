"""`pressrun account`: connect accounts, see them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.commands.changes import add_to_accounts
from cli.output import AsJson, note, say, show_json, show_rows
from pressrun.errors import UsageError
from pressrun.zones import doubt

app = typer.Typer(help="Connect Instagram accounts and see them.", no_args_is_help=True)

COLUMNS = ("name", "login", "ig_id", "username", "state", "timezone", "quota", "posts_waiting")

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
    timezone: Annotated[
        str | None, typer.Option(help="Zone of times given without one, such as Europe/Paris. New accounts: UTC.")
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Ask Instagram whose token it is.")] = True,
    as_json: AsJson = False,
) -> None:
    """Connect an account, or renew the token of one that is connected."""
    from machine.runtime import read_settings, runtime
    from models.account import Login
    from operations.connecting import NewAccount, connect

    settings = read_settings()
    new = NewAccount(Login(login), ig_id.strip(), name, _read_token(token_file), timezone)
    with runtime(settings) as here:
        done = connect(here, new, check=check)
    account = done.account
    if timezone and (doubted := doubt(account.timezone)):
        note(f"warning: {doubted}")
    if as_json:
        fields = ("name", "login", "ig_id", "username", "state", "timezone")
        show_json({"is_new": done.is_new, **{field: getattr(account, field) for field in fields}})
        return
    known_as = f", @{account.username}" if account.username else ""
    say(f"{'added' if done.is_new else 'renewed'} {account.name} ({account.ig_id}{known_as}), zone {account.timezone}")
    if done.posts_woken:
        say(f"{done.posts_woken} posts that waited for the token go on")
    if account.state != "active":
        say(f"the account is {account.state}: {account.state_reason or 'no reason given'}")


@app.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """Show all accounts."""
    from machine.runtime import read_settings, runtime
    from operations.accounts import account_rows

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        rows = account_rows(tx)
    show_rows(COLUMNS, rows, as_json=as_json, empty="no accounts yet: `pressrun account add` connects one")


def _read_token(file: Path | None) -> str:
    try:
        if file is not None:
            with file.open(encoding="utf-8") as source:
                return source.read(_LONGEST_TOKEN).strip()
        if sys.stdin.isatty():
            from getpass import getpass

            return getpass("Access token: ").strip()
        return sys.stdin.read(_LONGEST_TOKEN).strip()
    except OSError as problem:
        raise UsageError(f"--token-file {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError("the token is not text") from None


add_to_accounts(app)
