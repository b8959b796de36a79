"""Accounts: seeing them, what their posts inherit, and holding one back. Connecting one is a matter of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.access.audit import note
from models.accounts.account import AccountState, find_account, lock_account, version_of_terms
from models.connecting import joining
from models.reading.accounts import accounts as reading
from models.reading.accounts.accounts import AccountNamed, AccountShown
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Conflict
from pressrun.versions import Seen, is_as_seen
from pressrun.zones import doubts
from scheduler import accounts as rules
from scheduler.posts import changing
from scheduler.posts.lateness import told_of_account

__all__ = ["AccountNamed", "AccountShown", "AccountTerms", "Held", "Renamed", "TermChanges"]


@dataclass(frozen=True, kw_only=True)
class TermChanges:
    """What posts of an account are to inherit, as a person writes it. None: as it is; empty: back to the default."""

    timezone: str | None = None
    max_lateness: str | None = None
    if_late: str | None = None
    min_spacing: str | None = None


@dataclass(frozen=True)
class AccountTerms:
    """What posts of an account inherit from now on. None: as the settings say."""

    name: str
    timezone: str
    max_lateness_s: int | None
    if_late: str | None
    min_spacing_s: int
    warnings: tuple[str, ...] = ()
    """What was taken as it was said, and may not be what was meant."""

    @property
    def version(self) -> int:
        return version_of_terms(self.timezone, self.max_lateness_s, self.if_late, self.min_spacing_s)


@dataclass(frozen=True)
class Renamed:
    """An account that has another name."""

    old: str
    name: str


@dataclass(frozen=True)
class Held:
    """An account that was paused or resumed."""

    account: str
    state: AccountState
    until: datetime | None = None
    """Until when Instagram still holds it back."""
    is_reading_paused: bool = False
    posts_released: int = 0
    """Posts that waited for the account and go on."""


@operation("account.list", effect=Effect.READS, scope=Scope.READ)
def list_accounts(ctx: Context, asker: Asker) -> list[AccountShown]:
    """All accounts by name, with how full their publishing window is."""
    with ctx.database.transaction() as tx:
        return reading.list_accounts(tx, now=clock.now())


@operation("account.names", effect=Effect.READS, scope=Scope.READ)
def names(ctx: Context, asker: Asker) -> list[AccountNamed]:
    """The accounts that are there, by name, with their zones and nothing more."""
    with ctx.database.transaction() as tx:
        return reading.account_names(tx)


@operation("account.edit", effect=Effect.CHANGES, scope=Scope.ADMIN)
def edit(ctx: Context, asker: Asker, account: str, changes: TermChanges, *, version: Seen = None) -> AccountTerms:
    """Change what posts of an account inherit; those that are queued stay as they are.

    Args:
        version: of the terms that the asker has seen: nothing is changed if they are others now.

    Raises Unknown; Conflict when somebody else has changed them; Invalid for a value; NotPossible when late posts are
    to take slots that it does not have.
    """
    said = {name: value.strip() for name, value in vars(changes).items() if value is not None}
    with ctx.database.transaction() as tx:
        found = lock_account(tx, find_account(tx, account).id)
        terms = (found.timezone, found.max_lateness_s, found.if_late, found.min_spacing_s)
        if not is_as_seen(version_of_terms(*terms), version):
            told = f"what posts of {found.name} inherit was changed since you looked: look again"
            raise Conflict(told, type="account.changed", field="version", ids={"account": found.id})
        rules.edit_account(tx, found, said)
        return AccountTerms(
            found.name,
            found.timezone,
            found.max_lateness_s,
            found.if_late,
            found.min_spacing_s,
            warnings=(
                *doubts(found.timezone if said.get("timezone") else None),
                *told_of_account(found.name, found.max_lateness_s, found.if_late),
            ),
        )


@operation("account.rename", effect=Effect.CHANGES, scope=Scope.ADMIN)
def rename(ctx: Context, asker: Asker, old: str, new: str) -> Renamed:
    """Give an account another name of yours. What it was called then stays in what was told and exported.

    Raises Unknown; Invalid for a name that cannot be; Conflict when another account has it.
    """
    with ctx.database.transaction() as tx:
        found = find_account(tx, old)
        before = found.name
        joining.rename_account(tx, found, new)
        return Renamed(before, new)


@operation("account.pause", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def pause(ctx: Context, asker: Asker, account: str, *, why: str | None = None, reading: bool = False) -> Held:
    """Let nothing of an account go out, and with `reading` read nothing of it, until it is resumed. Raises Unknown."""
    with ctx.database.transaction() as tx:
        found = find_account(tx, account)
        note(tx, before={"state": found.state}, after={"state": AccountState.PAUSED.value})
        changing.pause_account(tx, found, why=why, reading=reading)
        return Held(found.name, AccountState.PAUSED, is_reading_paused=reading)


@operation("account.resume", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def resume(ctx: Context, asker: Asker, account: str) -> Held:
    """Let an account go on, and read it again; its backlog goes out spaced. Raises Unknown.

    Of a paused account that Instagram holds back the hold stays; resumed once more, it goes on all the same.
    """
    with ctx.database.transaction() as tx:
        found = find_account(tx, account)
        note(tx, before={"state": found.state})
        released = changing.resume_account(tx, found, now=clock.now())
        tx.refresh(found)
        note(tx, after={"state": found.state})
        return Held(found.name, AccountState(found.state), until=found.state_until, posts_released=released)
