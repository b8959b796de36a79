"""Taking an account away, with its history or without, and blanking what a person has written: both for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.accounts.account import find_account
from models.erasing.erasure import Wish
from models.erasing.persons import PersonFound, erase_person, find_person
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from scheduler import removing
from scheduler.removing import Plan

__all__ = ["PersonFound", "Plan", "Removed"]


@dataclass(frozen=True)
class Removed:
    """What the removal of an account did."""

    account: str
    keeps_history: bool
    posts_canceled: int
    rows: Mapping[str, int]
    """Table → rows that ended (kept history) or went (erased)."""


@operation("account.removal", effect=Effect.READS, scope=Scope.ADMIN)
def look_at_removal(ctx: Context, asker: Asker, account: str) -> Plan:
    """What the removal of an account would do, and what is in its way. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return removing.plan(tx, find_account(tx, account, removed=True))


@operation("account.remove", effect=Effect.DESTROYS, scope=Scope.ADMIN)
def remove(ctx: Context, asker: Asker, account: str, *, keep_history: bool, why: str | None = None) -> Removed:
    """Take an account away: its token and all that is owed it, and unless it is to be kept its history.

    Raises Unknown; NotPossible while something of it is being sent or uncertain.
    """
    with ctx.database.transaction() as tx:
        found = find_account(tx, account, removed=True)
        name, wish = found.name, Wish(asker.name, why, clock.now())
        posts, rows = removing.remove(tx, found, wish, erase=not keep_history)
        return Removed(name, keep_history, posts, rows)


@operation("person.find", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def look_at_person(ctx: Context, asker: Asker, person: str) -> PersonFound:
    """Where something of a person stands: who wrote comments, mentions or tags. Raises Invalid, Unknown, Conflict."""
    with ctx.database.transaction() as tx:
        return find_person(tx, person)


@operation("person.erase", effect=Effect.DESTROYS, scope=Scope.ADMIN, whole=True)
def erase(ctx: Context, asker: Asker, person: str, *, why: str | None = None) -> PersonFound:
    """Blank what a person has written and what names them, wherever it stands; that they did still counts.

    Raises Invalid, Unknown, Conflict; NotPossible while a reply to them is being sent or uncertain.
    """
    with ctx.database.transaction() as tx:
        return erase_person(tx, person, Wish(asker.name, why, clock.now()))
