"""Where harvests and backfills stand, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, any_, false, func, select, true
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.harvests.backfill import Backfill, Kept
from models.harvests.harvest import Harvest, HarvestRun, RunStatus

WAITING = "waiting"
"""The status of what is put off: it is kept, and goes on by itself."""


@dataclass(frozen=True)
class HarvestStatus:
    """Where one harvest stands. `is_pending`: a slot is due and not done; the rest tells of its latest run."""

    id: int
    account: str
    timezone: str
    kind: str
    cron: str
    slot_at: datetime | None
    next_action_at: datetime | None
    tries: int
    refused: dict[str, Any]
    is_pending: bool
    last_slot_at: datetime | None = None
    status: str | None = None
    calls: int | None = None
    rows: int | None = None
    errors: list[Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def outcome(self) -> str | None:
        """`status`, or WAITING for what is put off: that is not done, whatever an earlier run said."""
        is_put_off = self.is_pending and self.status != RunStatus.FAILED.value
        return WAITING if is_put_off else self.status


_LONGEST_OWED = timedelta(days=32)
"""A slot that was owed for longer (its account was paused) had one run, which is no part of what a day costs."""
_OF_THE_HARVEST = ("id", "kind", "cron", "slot_at", "next_action_at", "tries", "refused")
_OF_THE_RUN = ("status", "calls", "rows", "errors", "started_at", "finished_at")


@dataclass(frozen=True)
class BackfillStatus:
    """Where one backfill stands. `status`: how its run ended, or WAITING. `progress`: from 0 to 1."""

    account: str
    kind: str
    since: datetime
    status: str
    progress: float
    calls: int
    rows: int
    errors: list[Any]
    finished_at: datetime | None
    next_action_at: datetime | None


@dataclass(frozen=True)
class RereadStatus:
    """Where one reread stands. `status`: done, failed or WAITING. `errors`: the answers that could not be read."""

    account: str
    kind: str
    since: datetime
    until: datetime
    status: str
    progress: float
    answers: int
    rows: int
    errors: list[Any]
    finished_at: datetime | None
    next_action_at: datetime | None


def harvest_status(
    tx: Session,
    ids: Sequence[int] | None = None,
    *,
    account_id: int | None = None,
    accounts: Sequence[str] | None = None,
) -> list[HarvestStatus]:
    """Where these harvests stand (all, without ids), by account and kind."""
    # The run of each by itself, and by its slot: it is looked for in one month, however many there are.
    last = (
        select(*(getattr(HarvestRun, name) for name in ("slot_at", *_OF_THE_RUN)))
        .where(HarvestRun.harvest_id == Harvest.id, HarvestRun.slot_at == Harvest.last_slot_at)
        .limit(1)
        .lateral("last")
    )
    query = (
        select(
            *(getattr(Harvest, name) for name in _OF_THE_HARVEST),
            Account.name.label("account"),
            Account.timezone,
            func.coalesce(Harvest.slot_at <= func.now(), false()).label("is_pending"),
            last.c.slot_at.label("last_slot_at"),
            *(last.c[name] for name in _OF_THE_RUN),
        )
        .join(Account, Account.id == Harvest.account_id)
        .outerjoin(last, true())
        .order_by(Account.name, Harvest.kind)
    )
    if ids is not None:
        query = query.where(Harvest.id.in_(ids))
    if account_id is not None:
        query = query.where(Harvest.account_id == account_id)
    if accounts is not None:
        query = query.where(Account.name.in_(accounts))
    return [HarvestStatus(**row._mapping) for row in tx.execute(query)]


def calls_of_a_day(tx: Session, *, now: datetime, account_id: int | None = None) -> dict[int, int]:
    """Calls of each harvest in the last 24 hours, of one account or all, by its id."""
    query = (
        select(HarvestRun.harvest_id, func.sum(HarvestRun.calls).label("calls"))
        .where(
            HarvestRun.started_at >= now - timedelta(days=1),
            HarvestRun.slot_at >= now - _LONGEST_OWED,
            HarvestRun.backfill_id.is_(None),
        )
        .group_by(HarvestRun.harvest_id)
    )
    if account_id is not None:
        # As an array, whose length Postgres knows: each harvest's runs by themselves, and not those of all.
        of_account = select(Harvest.id).where(Harvest.account_id == account_id)
        query = query.where(HarvestRun.harvest_id == any_(func.array(of_account.scalar_subquery())))
    return {row.harvest_id: int(row.calls) for row in tx.execute(query)}


def backfill_status(tx: Session, ids: Sequence[int]) -> list[BackfillStatus]:
    """Where these backfills stand, by account and kind."""
    query = (
        select(Backfill, Account.name, HarvestRun)
        .join(Account, Account.id == Backfill.account_id)
        .outerjoin(HarvestRun, and_(HarvestRun.backfill_id == Backfill.id, HarvestRun.slot_at == Backfill.requested_at))
        .where(Backfill.id.in_(ids))
        .order_by(Account.name, Backfill.kind)
    )
    return [_backfill(backfill, name, run) for backfill, name, run in tx.execute(query)]


def reread_status(tx: Session, ids: Sequence[int]) -> list[RereadStatus]:
    """Where these rereads stand, by account."""
    query = (
        select(Backfill, Account.name)
        .join(Account, Account.id == Backfill.account_id)
        .where(Backfill.id.in_(ids), Backfill.kind == Kept.REREAD.value)
        .order_by(Account.name)
    )
    return [_reread(backfill, name) for backfill, name in tx.execute(query)]


def _reread(one: Backfill, account: str) -> RereadStatus:
    ended = RunStatus.DONE if one.progress >= 1.0 else RunStatus.FAILED
    return RereadStatus(
        account=account,
        kind=one.kind,
        since=one.since,
        until=one.until or one.requested_at,
        status=WAITING if one.finished_at is None else ended.value,
        progress=round(one.progress, 4),
        answers=one.cursor.get("answers", 0),
        rows=one.cursor.get("rows", 0),
        errors=one.cursor.get("errors", []),
        finished_at=one.finished_at,
        next_action_at=one.next_action_at,
    )


def _backfill(backfill: Backfill, account: str, run: HarvestRun | None) -> BackfillStatus:
    return BackfillStatus(
        account=account,
        kind=backfill.kind,
        since=backfill.since,
        status=run.status if run is not None and backfill.finished_at is not None else WAITING,
        progress=round(backfill.progress, 4),
        calls=run.calls if run else 0,
        rows=run.rows if run else 0,
        errors=list(run.errors) if run else [],
        finished_at=backfill.finished_at,
        next_action_at=backfill.next_action_at,
    )
