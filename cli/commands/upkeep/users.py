"""`pressrun user`: people who may sign in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import LARGEST_ID, asking
from cli.output import AsJson, note, say, show_json, show_record, show_rows

if TYPE_CHECKING:
    from operations.access.users import Invited

app = typer.Typer(help="People who may sign in, and what each may do.", no_args_is_help=True)

COLUMNS = ("name", "role", "state", "accounts", "has_second_factor", "created_at", "last_seen_at")
SESSIONS = ("id", "user", "way", "address", "agent", "created_at", "last_used_at", "expires_at")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What they sign in with: a name, or an address of mail.")]
_Role = Annotated[str | None, typer.Option(help="viewer, author or admin.")]
_Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Let them see this account and no others; repeatable.")
]


@app.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, author or admin.")] = "viewer",
    account: _Accounts = None,
    as_json: AsJson = False,
) -> None:
    """Add a user with a password, which is read from stdin; `user invite` lets them choose one themselves."""
    from operations.access import users

    password = _password()
    with asking() as (ctx, owner):
        made = users.add(ctx, owner, name, role=role, password=password, accounts=account or None)
    show_record(_row(vars(made), as_json=as_json), as_json=as_json)


@app.command("invite")
def invite(name: Name, role: _Role = None, account: _Accounts = None, as_json: AsJson = False) -> None:
    """Print a link with which a new user chooses a password; it works once, within 7 days."""
    from operations.access import users

    with asking() as (ctx, owner):
        _show_link(ctx.settings, users.invite(ctx, owner, name, role=role, accounts=account or None), as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List users: what each may do and see, and when they last signed in."""
    from operations.access import users

    with asking() as (ctx, owner):
        found = [_row(vars(one), as_json=as_json) for one in users.list_users(ctx, owner)]
    show_rows(COLUMNS, found, as_json=as_json, empty="no users; `pressrun user invite` makes one")


@app.command("edit")
def edit(
    name: Name,
    role: _Role = None,
    account: _Accounts = None,
    all_accounts: Annotated[bool, typer.Option("--all-accounts", help="Let them see all accounts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change what a user may do or see, from now on."""
    from operations.access import users

    with asking() as (ctx, owner):
        made = users.edit(ctx, owner, name, role=role, accounts=account or None, all_accounts=all_accounts)
    show_record(_row(vars(made), as_json=as_json), as_json=as_json)


@app.command("disable")
def disable(name: Name, as_json: AsJson = False) -> None:
    """Let a user in no more, from now on; `user reset` invites them anew."""
    from operations.access import users

    with asking() as (ctx, owner):
        done = users.disable(ctx, owner, name)
    show_record(_row(vars(done), as_json=as_json), as_json=as_json)


@app.command("reset")
def reset(name: Name, as_json: AsJson = False) -> None:
    """Forget a user's password and second factor, sign them out, and print a link with which they begin anew."""
    from operations.access import users

    with asking() as (ctx, owner):
        _show_link(ctx.settings, users.reset(ctx, owner, name), as_json=as_json)


@app.command("sessions")
def sessions(as_json: AsJson = False) -> None:
    """List who is signed in, and from where."""
    from operations.access import users

    with asking() as (ctx, owner):
        found = [vars(one) for one in users.list_sessions(ctx, owner)]
    show_rows(SESSIONS, found, as_json=as_json, empty="nobody is signed in")


@app.command("sign-out")
def sign_out(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of whom all sessions end.")] = None,
    session: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_ID, help="End this one, by its id in `user sessions`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """End sessions."""
    from operations.access import users

    with asking() as (ctx, owner):
        count = users.end_sessions(ctx, owner, session=session, name=name)
    if as_json:
        show_json({"ended": count})
    else:
        say(f"{count} ended")


def _show_link(settings: Any, done: Invited, *, as_json: bool) -> None:
    from machine.entrance import console_url

    url = f"{settings.public_url or console_url(settings)}{done.link.path}"
    if as_json:
        show_json(_row(vars(done.user), as_json=True) | {"link": url, "link_expires_at": done.link.expires_at})
    else:
        say(url)
        note(f"give this to {done.user.name}: it works once, until {done.link.expires_at:%Y-%m-%d %H:%M} UTC")


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _row(values: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    if as_json:
        return {name: values[name] for name in COLUMNS}
    accounts = values["accounts"]
    shown = "all" if accounts is None else " ".join(accounts) or "none any more"
    return {name: values[name] for name in COLUMNS} | {"accounts": shown}
