"""Posting slots: the weekly times at which an account posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.accounts.account import find_account
from models.posts.slot import WeeklyTime
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from scheduler import slots as rules
from scheduler.slots import DAYS, SlotShown

__all__ = ["DAYS", "SlotShown", "SlotsAdded"]


@dataclass(frozen=True)
class SlotsAdded:
    """How many of the slots are new; their times are in `timezone`."""

    added: int
    unchanged: int
    timezone: str


@operation("slot.list", effect=Effect.READS, scope=Scope.READ)
def list_slots(ctx: Context, asker: Asker, *, account: str | None = None) -> list[SlotShown]:
    """Slots by account and time of the week, with when they come next. Raises Unknown for the account."""
    with ctx.database.transaction() as tx:
        return rules.list_slots(tx, account=account or None, now=clock.now())


@operation("slot.add", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def add(ctx: Context, asker: Asker, account: str, *, days: str, at: Sequence[str]) -> SlotsAdded:
    """Give an account slots; those it has are left alone.

    Args:
        days: `mon,wed,fri`, or `daily`, `weekdays`, `weekend`.
        at: times of day in the account's zone, `09:30`.

    Raises Unknown for the account, Invalid for days and times.
    """
    times = {WeeklyTime(day, rules.parse_time(one)) for day in rules.parse_days(days) for one in at}
    with ctx.database.transaction() as tx:
        found = find_account(tx, account)
        added = rules.add_slots(tx, found.id, sorted(times))
        return SlotsAdded(added, len(times) - added, found.timezone)


@operation("slot.remove", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def remove(ctx: Context, asker: Asker, slot: int) -> None:
    """Take a slot away by its number; posts that are due at it stay. Raises Unknown."""
    with ctx.database.transaction() as tx:
        rules.remove_slot(tx, slot)
