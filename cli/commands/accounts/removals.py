"""`pressrun account remove|erase-person`: what goes for good. Each says what it will do, asks, and says what it did."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.asking import asking
from cli.output import AsJson, note, say, show_json
from cli.problems import tell_warnings
from pressrun.errors import Invalid, NotPossible

if TYPE_CHECKING:
    from operations.accounts.removals import PersonFound, Plan

app = typer.Typer()

Why = Annotated[str | None, typer.Option("--why", help="For the record.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


@app.command("remove")
def remove(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account.")],
    keep_history: Annotated[bool, typer.Option("--keep-history", help="What was read of it stays.")] = False,
    erase_history: Annotated[bool, typer.Option("--erase-history", help="All of it goes, posts included.")] = False,
    why: Why = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take an account away: its token and all that is owed it, and its history as you say."""
    from operations.accounts import removals

    if keep_history == erase_history:
        raise Invalid("say either --keep-history or --erase-history")
    with asking() as (ctx, owner):
        plan = removals.look_at_removal(ctx, owner, account)
        if dry_run or not as_json:
            _tell_plan(plan, erases=erase_history, as_json=as_json)
        if dry_run:
            return
        if plan.obstacles:
            raise NotPossible(f"account {plan.account} cannot be removed now: {plan.obstacles[0]}", type="account.busy")
        _confirm(f"Remove {plan.account}{' and erase its history' if erase_history else ''}?", yes=yes, as_json=as_json)
        done = removals.remove(ctx, owner, account, keep_history=keep_history, why=why)
    if as_json:
        show_json(asdict(done))
        return
    say(f"removed {done.account}; {'its history is kept' if done.keeps_history else 'all of it is erased'}")
    _tell_rows(done.rows, "ended" if done.keeps_history else "erased")


@app.command("erase-person")
def erase_person(
    person: Annotated[
        str, typer.Argument(metavar="USERNAME|IGSID", help="User name, or the id of a webhook; @ marks a name.")
    ],
    why: Why = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Blank what a person wrote in comments, mentions and tags, and their name elsewhere. Counts stay."""
    from operations.accounts import removals

    with asking() as (ctx, owner):
        found = removals.look_at_person(ctx, owner, person)
        if dry_run or not as_json:
            _tell_person(found, "would be blanked" if dry_run else "to be blanked", as_json=as_json)
        if dry_run:
            return
        _confirm(f"Erase {', '.join((*found.names, *found.ids))}?", yes=yes, as_json=as_json)
        done = removals.erase(ctx, owner, person, why=why)
    if as_json:
        show_json(asdict(done))
        return
    _tell_rows(done.rows, "blanked")
    note("logs, backups and exports are not reached: they end by their own rules")


def _tell_plan(plan: Plan, *, erases: bool, as_json: bool) -> None:
    if as_json:
        show_json(asdict(plan) | {"erases": erases})
        return
    for obstacle in plan.obstacles:
        note(f"in the way: {obstacle}")
    if plan.posts_canceled:
        say(f"{plan.posts_canceled} queued posts {'go with it' if erases else 'are canceled'}")
    _tell_rows(plan.rows, "to be erased" if erases else "kept")


def _tell_person(found: PersonFound, done: str, *, as_json: bool) -> None:
    if as_json:
        show_json(asdict(found))
        return
    say(f"names: {', '.join(found.names) or 'none known'}; ids: {', '.join(found.ids) or 'none known'}")
    _tell_rows(found.rows, done)
    tell_warnings(found.warnings)
    if found.also_called:
        names = ", ".join(found.also_called)
        note(f"the same ids have written as {names} too: erase those names as well, if they are the same person's")
    for what, count in found.left.items():
        note(f"left as they are: {count} {what}, which name them")


def _tell_rows(rows: Mapping[str, int], done: str) -> None:
    width = max(map(len, rows), default=0)
    for table, count in sorted(rows.items()):
        say(f"  {table:{width}}  {count:>9,} {done}")


def _confirm(question: str, *, yes: bool, as_json: bool) -> None:
    """Raises Invalid where nobody can be asked, and Abort when the answer is no."""
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise Invalid("this cannot be undone: say --yes to do it, or --dry-run to see what it would do")
    typer.confirm(question, abort=True)
