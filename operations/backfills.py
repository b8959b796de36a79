"""Reads an account's past as far back as Instagram tells it, and says where that ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from machine.runtime import Runtime
from models.account import Account, find_account
from models.backfill import Backfill, open_backfill
from models.claims import wake_schedulers
from models.harvest import HarvestKind, HarvestRun
from operations.errands import Errand, Hands, await_errand
from operations.operation import Context
from pressrun import clock
from pressrun.errors import UsageError

WAITING = "waiting"
"""The status of one that is put off: it goes on later by itself, or when the command is run again."""

_PRESENT_ONLY = {
    HarvestKind.PROFILE: "Instagram tells the counts of a profile of this moment only",
    HarvestKind.AUDIENCE: "Instagram tells the audience of this week and month only",
    HarvestKind.STORIES: "Instagram tells of a story only while it is up",
}


@dataclass(frozen=True)
class Requested:
    """What is going to be read, and what a person should know about it."""

    ids: list[int]
    notes: list[str]


def past_kinds() -> list[HarvestKind]:
    """The kinds that have a past to be read."""
    from worker.harvests.past import PAST

    return list(PAST)


def request(
    here: Runtime, account: str | None, kind: HarvestKind | None, since: datetime, *, now: datetime
) -> Requested:
    """Open the backfills, or go on with those that are open. Raises UsageError for what cannot be read."""
    kinds = past_kinds()
    if since >= now:
        raise UsageError("--since lies in the future: there is nothing to read")
    if kind is not None and kind not in kinds:
        reason = _PRESENT_ONLY.get(kind, "there is no list of its past")
        raise UsageError(f"{kind.value} cannot be read back: {reason}")
    wanted = kinds if kind is None else [kind]
    with here.database.transaction() as tx:
        accounts = [find_account(tx, account)] if account else list(tx.scalars(select(Account).order_by(Account.name)))
        ids = [open_backfill(tx, one.id, each, since).id for one in accounts for each in wanted]
        wake_schedulers(tx)
    return Requested(ids, [note for each in wanted for note in limits(each, since, now=now)] if ids else [])


def limits(kind: HarvestKind, since: datetime, *, now: datetime) -> list[str]:
    """What Instagram no longer tells of the time since then (graph-api.md §4.4, §6.1, §6.2)."""
    from worker.harvests import account, media

    told = []
    if kind is HarvestKind.ACCOUNT and account.first_whole_day(since) < now - account.KEPT:
        first = account.first_whole_day(now - account.KEPT)
        told.append(f"account: Instagram keeps 90 days, so it is read from {first:%Y-%m-%d %H:%M} UTC on")
    if kind is HarvestKind.ACCOUNT and since < now - account.SHORT_KEPT:
        told.append("account: follower_count is told for the last 30 days only")
    if kind is HarvestKind.MEDIA:
        if since < now - media.KEPT:
            told.append("media: Instagram keeps their numbers for 2 years, of older ones only likes and comments")
        told.append("media: Instagram tells the numbers of today, not those of earlier days; 10,000 media at most")
    return told


def await_backfills(
    here: Runtime, ids: Sequence[int], *, on_progress: Callable[[list[dict[str, Any]]], None], hands: Hands
) -> list[dict[str, Any]]:
    """Wait until each is finished or put off; `on_progress` gets the rows as they stand."""

    def on_look(_left: int) -> None:
        on_progress(rows(here, ids))

    ctx = Context(here.database, here.settings)
    await_errand(ctx, Errand.of("backfill", ids), on_look=on_look, hands=hands)
    return rows(here, ids)


def rows(here: Runtime, ids: Sequence[int]) -> list[dict[str, Any]]:
    with here.database.transaction() as tx:
        return _rows(tx, ids)


def _rows(tx: Session, ids: Sequence[int]) -> list[dict[str, Any]]:
    query = (
        select(Backfill, Account.name, HarvestRun, (Backfill.leased_until > func.now()).label("is_held"))
        .join(Account, Account.id == Backfill.account_id)
        .outerjoin(HarvestRun, HarvestRun.backfill_id == Backfill.id)
        .where(Backfill.id.in_(list(ids)))
        .order_by(Account.name, Backfill.kind)
    )
    return [_row(backfill, name, run) for backfill, name, run, _ in tx.execute(query)]


def _row(backfill: Backfill, account: str, run: HarvestRun | None) -> dict[str, Any]:
    status = run.status if run is not None and backfill.finished_at is not None else WAITING
    return {
        "account": account,
        "kind": backfill.kind,
        "since": backfill.since,
        "status": status,
        "progress": round(backfill.progress, 4),
        "calls": run.calls if run else 0,
        "rows": run.rows if run else 0,
        "errors": run.errors if run else [],
        "finished_at": backfill.finished_at,
        "next_action_at": backfill.next_action_at,
    }


def parse_since(text: str) -> datetime:
    """The instant meant by `--since`; a date without a zone is UTC."""
    from zoneinfo import ZoneInfo

    now = clock.now()
    found = clock.parse_instant(text, ZoneInfo("UTC"), reference=now)
    if found < now - timedelta(days=20 * 365):
        raise UsageError(f"--since {text} lies before Instagram")
    return found
