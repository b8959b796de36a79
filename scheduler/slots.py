"""Giving an account its posting slots, and taking them away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.accounts.account import Account, find_account, is_called
from models.posts.slot import Slot, WeeklyTime, occurrences
from pressrun import clock
from pressrun.errors import Invalid, NotPossible, Unknown

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SEVERAL = {"daily": range(1, 8), "weekdays": range(1, 6), "weekend": range(6, 8)}


@dataclass(frozen=True)
class SlotShown:
    """A slot as it is listed; `next_at` is its next instant (UTC)."""

    id: int
    account: str
    day: str
    time: str
    timezone: str
    next_at: datetime


def parse_days(text: str) -> list[int]:
    """ISO weekdays of `mon,wed`, `daily`, `weekdays` or `weekend`. Raises Invalid."""
    days: set[int] = set()
    for part in (part.strip().lower() for part in text.split(",")):
        if part in _SEVERAL:
            days.update(_SEVERAL[part])
        elif part[:3] in DAYS and len(part) >= 3:
            days.add(DAYS.index(part[:3]) + 1)
        else:
            known = f"{', '.join(DAYS)}, daily, weekdays or weekend"
            raise Invalid(f"{part!r} is no day: use {known}", type="slot.day", field="days")
    return sorted(days)


def parse_time(text: str) -> time:
    """A wall time as `09:30` or `09:30:15`. Raises Invalid."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", text.strip(), re.ASCII)
    if match is None:
        raise Invalid(f"{text!r} is no time of day: write it as 09:30", type="slot.time", field="at")
    hour, minute, second = (int(part or 0) for part in match.groups())
    return time(hour, minute, second)


def add_slots(tx: Session, account_id: int, times: Sequence[WeeklyTime]) -> int:
    """Give the account these slots; returns how many are new."""
    values = [{"account_id": account_id, "weekday": one.weekday, "wall_time": one.wall_time} for one in times]
    if not values:
        return 0
    return len(tx.scalars(insert(Slot).values(values).on_conflict_do_nothing().returning(Slot.id)).all())


def remove_slot(tx: Session, slot_id: int) -> None:
    """Take a slot away; posts that are due at it stay. Raises Unknown when there is none of that number."""
    if not tx.scalars(delete(Slot).where(Slot.id == slot_id).returning(Slot.id)).all():
        raise Unknown(f"no slot has the number {slot_id}", type="slot.unknown", field="slot", ids={"slot": slot_id})


def list_slots(tx: Session, *, account: str | None = None, now: datetime) -> list[SlotShown]:
    """Slots by account and time of the week. Raises Unknown for the account."""
    query = select(Slot, Account).join(Account, Account.id == Slot.account_id)
    if account is not None:
        query = query.where(is_called(account))
    rows = tx.execute(query.order_by(Account.name, Slot.weekday, Slot.wall_time)).all()
    if account is not None and not rows:
        find_account(tx, account, removed=True)
    return [
        SlotShown(
            id=slot.id,
            account=of.name,
            day=DAYS[slot.weekday - 1],
            time=f"{slot.wall_time:%H:%M}" if not slot.wall_time.second else f"{slot.wall_time:%H:%M:%S}",
            timezone=of.timezone,
            next_at=_next(slot, of, now),
        )
        for slot, of in rows
    ]


def no_slots(account: str) -> NotPossible:
    """The error of posts that are to move to slots their account does not have."""
    return NotPossible(f"{account} has no posting slots", type="account.no_slots", field="if_late")


def accounts_with_slots(tx: Session) -> set[str]:
    """Names of the accounts that have any slot."""
    return set(tx.scalars(select(Account.name).where(select(Slot.id).where(Slot.account_id == Account.id).exists())))


def _next(slot: Slot, account: Account, now: datetime) -> datetime:
    return next(
        islice(occurrences([WeeklyTime(slot.weekday, slot.wall_time)], clock.zone(account.timezone), after=now), 1)
    )
