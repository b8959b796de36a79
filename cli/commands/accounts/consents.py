"""`pressrun account connect` and `account discover`: accounts by a person's consent, or by a token."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.accounts.accounts import LoginName, read_token, shown_connected, tell_connected
from cli.output import AsJson, note, say, show_json, show_rows
from pressrun.errors import Invalid, NotPossible, PressrunError, ServerUnreachable

if TYPE_CHECKING:
    from machine.answering import Reply
    from machine.runtime import Runtime
    from operations.accounts.connections import Connected
    from operations.accounts.consents import Begun, ConnectionShown
    from operations.operation import Context

app = typer.Typer()

COLUMNS = ("ig_id", "username", "page", "may_publish")
_LOOK_EVERY_S = 0.2
_LONGEST_LINE = 64 * 1024

Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="Of several: the Instagram id or user name of one to connect; repeatable."),
]
Zone = Annotated[
    str | None, typer.Option(help="Zone of times given without one, such as Europe/Paris. New accounts: UTC.")
]


@app.command("connect")
def connect(
    login: Annotated[LoginName, typer.Option(help="How the account's owner signs in.")],
    name: Annotated[str, typer.Option(help="Your name for it, as it stands in CSV files.")],
    account: Accounts = None,
    timezone: Zone = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Ask for this permission instead of all; repeatable.")
    ] = None,
    config_id: Annotated[
        str | None,
        typer.Option("--config-id", help="Configuration of Facebook Login for Business, in place of scopes."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the consent page, or print its address and wait.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Connect an account by its owner's consent in a browser, or renew the token of one that is connected."""
    from machine.runtime import read_settings, runtime
    from operations.accounts import consents
    from operations.accounts.connections import Login
    from operations.operation import OWNER, Context

    wish = consents.Wish(Login(login), name, timezone, tuple(account or ()))
    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        begun = consents.begin(ctx, OWNER, wish, scopes=scope, config_id=config_id)
        with _given_up_if_it_ends_early(ctx, begun.connection_id):
            _await_answer(ctx, begun, browser=browser, as_json=as_json)
            _finish(here, ctx, begun.connection_id, as_json=as_json)


@app.command("discover")
def discover(
    login: Annotated[LoginName, typer.Option(help="How the account's owner signed in.")],
    name: Annotated[str | None, typer.Option(help="Your name for it. Default: its user name.")] = None,
    account: Accounts = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="File with the person's token; without it, it is read from stdin."),
    ] = None,
    timezone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Find the accounts that a person's token leads to, and connect them: the same without a browser."""
    from machine.runtime import read_settings, runtime
    from operations.accounts import consents
    from operations.accounts.connections import Login
    from operations.operation import OWNER, Context

    wish = consents.Wish(Login(login), name, timezone, tuple(account or ()))
    settings, token = read_settings(), read_token(token_file)
    with runtime(settings) as here:
        ctx = Context(here.database, here.settings)
        connection_id = consents.discover(ctx, OWNER, wish, token)
        with _given_up_if_it_ends_early(ctx, connection_id):
            _finish(here, ctx, connection_id, as_json=as_json)


@contextmanager
def _given_up_if_it_ends_early(ctx: Context, connection_id: int) -> Iterator[None]:
    """What nobody waits for any more keeps no tokens."""
    from operations.accounts import consents
    from operations.operation import OWNER

    try:
        yield
    except BaseException:
        with suppress(Exception):  # what went wrong is told, and the row ends by itself within the hour
            consents.abandon(ctx, OWNER, connection_id)
        raise


def _await_answer(ctx: Context, begun: Begun, *, browser: bool, as_json: bool) -> None:
    """Wait until the consent page has led back: to this machine, to the console, or to a person who pastes it."""
    from operations.accounts import consents
    from operations.operation import OWNER
    from pressrun import clock
    from pressrun.waiting import until

    pasted = _Pasted()

    def is_there() -> bool:
        for line in pasted.lines():
            _take_pasted(ctx, line)
        return clock.now() >= begun.expires_at or not consents.show(ctx, OWNER, begun.connection_id).awaits_answer

    with _listener(ctx, begun):
        _show_page(begun.address, browser=browser, as_json=as_json)
        until(is_there, every_s=_LOOK_EVERY_S)
    if consents.show(ctx, OWNER, begun.connection_id).awaits_answer:
        raise NotPossible("no answer of the consent page came in time: run this once more", type="connection.expired")


@contextmanager
def _listener(ctx: Context, begun: Begun) -> Iterator[None]:
    from machine.answering import can_listen, listening

    where = begun.redirect_url
    if not can_listen(where):
        note(f"the answer goes to {where}: the console takes it there. Or paste the address that the browser ends on")
        yield
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(listening(where, lambda query: _reply(ctx, query)))
        except ServerUnreachable as problem:
            note(f"{problem}: whoever has it, the console or another `account connect`, takes the answer; or paste it")
        yield


def _reply(ctx: Context, query: str) -> Reply:
    from console.instagram.answer_page import take
    from console.instagram.bare_page import HEADERS
    from machine.answering import Reply

    page = take(ctx, query)
    if page.error is not None:
        note(f"an answer was not taken: {page.error}")
    return Reply(page.status, page.body, HEADERS)


def _show_page(address: str, *, browser: bool, as_json: bool) -> None:
    if browser:
        import webbrowser

        if webbrowser.open(address):
            note(f"the consent page was opened in a browser; if it was not: {address}")
            return
        note("no browser could be opened here: open this address in one")
    (note if as_json else say)(address)


def _take_pasted(ctx: Context, line: str) -> None:
    from operations.accounts import consents
    from operations.operation import OWNER

    try:
        consents.answer(ctx, OWNER, line)
    except PressrunError as problem:
        if not sys.stdin.isatty():
            raise
        note(str(problem))


@dataclass
class _Pasted:
    """Lines on stdin, without ever waiting for one: the answer may come another way."""

    _rest: bytes = b""
    _is_over: bool = field(default=False)

    def lines(self) -> list[str]:
        if self._is_over or sys.stdin is None or sys.stdin.closed:
            return []
        try:
            number = sys.stdin.fileno()
        except (OSError, ValueError):  # no file: a text that is there as a whole
            self._is_over = True
            return [line.strip() for line in sys.stdin if line.strip()]
        while not self._is_over and select.select([number], [], [], 0)[0]:
            read = os.read(number, _LONGEST_LINE)
            self._is_over = not read
            self._rest += read
            if self._is_over or len(self._rest) > _LONGEST_LINE:
                self._rest += b"\n"
        *whole, self._rest = self._rest.split(b"\n")
        return [line for one in whole if (line := one.decode("utf-8", "replace").strip())]


def _finish(here: Runtime, ctx: Context, connection_id: int, *, as_json: bool) -> None:
    """Wait for what the workers find, have it chosen from, and tell what came of each account."""
    from operations.accounts import consents
    from operations.operation import OWNER

    _await_workers(here, ctx, [connection_id])
    shown = consents.show(ctx, OWNER, connection_id)
    ids = [connection_id, *shown.others]
    if shown.awaits_choice:
        ids = consents.choose(ctx, OWNER, connection_id, _chosen(shown, as_json=as_json))
    _await_workers(here, ctx, ids)
    _tell(ctx, ids, as_json=as_json)


def _await_workers(here: Runtime, ctx: Context, ids: Sequence[int]) -> None:
    from cli.commands.lending import lending
    from operations.errands import Errand, await_errand

    await_errand(ctx, Errand.of("connection", ids), on_look=lambda _left: None, hands=lending(here))


def _chosen(shown: ConnectionShown, *, as_json: bool) -> list[str]:
    rows = [{name: getattr(one, name) for name in COLUMNS} for one in shown.found]
    if as_json or not sys.stdin.isatty():
        show_rows(COLUMNS, rows, as_json=as_json)
        said = "there are several accounts, and none was connected: --account names one, and may be given several times"
        raise NotPossible(said, type="account.choice")
    for number, one in enumerate(shown.found, 1):
        note(f"{number:3}  {one.shown}{f', Page {one.page}' if one.page else ''}")
    answer = typer.prompt("Which of them (numbers with commas between them, or all)", err=True)
    if answer.strip().lower() == "all":
        return [one.ig_id for one in shown.found]
    numbers = [part.strip() for part in answer.split(",")]
    places = {str(number): one.ig_id for number, one in enumerate(shown.found, 1)}
    if not all(number in places for number in numbers):
        said = f"{answer!r} is no choice among 1 to {len(places)}: nothing was connected"
        raise Invalid(said, type="account.choice_unclear")
    return [places[number] for number in numbers]


def _tell(ctx: Context, ids: Sequence[int], *, as_json: bool) -> None:
    from operations.accounts.connections import outcome
    from operations.operation import OWNER

    done: list[Connected] = []
    problems: list[PressrunError] = []
    for connection_id in ids:
        try:
            done.append(outcome(ctx, OWNER, connection_id))
        except PressrunError as problem:
            problems.append(problem)
    if as_json and done:
        records = [shown_connected(one) for one in done]
        show_json(records if len(ids) > 1 else records[0])
    elif done:
        for one in done:
            tell_connected(one)
    for other in problems[:-1]:
        note(str(other))
    if problems:
        raise problems[-1]
