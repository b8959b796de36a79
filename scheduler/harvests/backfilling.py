"""Reading back on request: which kinds have a past, how far it reaches, and what a person should know before.

Instagram forgets (graph-api.md §4.4, §6.1, §6.2): what lies before its limits is told of, and left out by the worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account, AccountState
from models.harvests.backfill import open_backfill
from models.harvests.harvest import HarvestKind
from models.harvests.keeping import ACCOUNT_KEPT, MEDIA_KEPT, MOST_MEDIA, SHORT_KEPT, WITH_A_PAST
from models.owed.claims import wake_schedulers
from pressrun.errors import Invalid, NotPossible
from pressrun.instagram.pacific import first_whole_day

PRESENT_ONLY = {
    HarvestKind.PROFILE: "Instagram tells the counts of a profile of this moment only",
    HarvestKind.AUDIENCE: "Instagram tells the audience of this week and month only",
    HarvestKind.STORIES: "Instagram tells of a story only while it is up",
}
"""Why some kinds have no past."""
_BEFORE_INSTAGRAM = timedelta(days=20 * 365)


@dataclass(frozen=True)
class Requested:
    """The backfills that will be worked on, and what a person should know about them."""

    ids: list[int]
    notes: list[str]


def request_backfills(
    tx: Session, account_id: int | None, kind: HarvestKind | None, since: datetime, *, now: datetime
) -> Requested:
    """Open the backfills of one or all accounts, or go on with those that are open.

    Raises Invalid for a time that cannot be, and NotPossible for a kind that has no past.
    """
    kinds = wanted_kinds(kind)
    if since >= now:
        raise Invalid("there is nothing to read: that lies in the future", type="backfill.future", field="since")
    if since < now - _BEFORE_INSTAGRAM:
        raise Invalid(f"{since:%Y-%m-%d} lies before Instagram", type="backfill.too_early", field="since")
    accounts = [account_id] if account_id is not None else _accounts(tx)
    ids = [open_backfill(tx, one, each, since).id for one in accounts for each in kinds]
    wake_schedulers(tx)
    return Requested(ids, [note for each in kinds for note in limits(each, since, now=now)] if ids else [])


def _accounts(tx: Session) -> list[int]:
    is_there = Account.state != AccountState.REMOVED.value
    return list(tx.scalars(select(Account.id).where(is_there).order_by(Account.name)))


def wanted_kinds(kind: HarvestKind | None) -> Sequence[HarvestKind]:
    """That kind, or every one that has a past. Raises NotPossible when that kind has none."""
    if kind is None:
        return WITH_A_PAST
    if kind not in WITH_A_PAST:
        reason = PRESENT_ONLY.get(kind, "there is no list of its past")
        raise NotPossible(f"{kind.value} cannot be read back: {reason}", type="backfill.no_past", field="kind")
    return (kind,)


def limits(kind: HarvestKind, since: datetime, *, now: datetime) -> list[str]:
    """What Instagram no longer tells of the time since then."""
    told = []
    if kind is HarvestKind.ACCOUNT and first_whole_day(since) < now - ACCOUNT_KEPT:
        first = first_whole_day(now - ACCOUNT_KEPT)
        told.append(
            f"account: Instagram keeps {ACCOUNT_KEPT.days} days, so it is read from {first:%Y-%m-%d %H:%M} UTC on"
        )
    if kind is HarvestKind.ACCOUNT and since < now - SHORT_KEPT:
        told.append(f"account: follower_count is told for the last {SHORT_KEPT.days} days only")
    if kind is HarvestKind.MEDIA:
        if since < now - MEDIA_KEPT:
            told.append("media: Instagram keeps their numbers for 2 years, of older ones only likes and comments")
        told.append(
            f"media: Instagram tells the numbers of today, not those of earlier days; {MOST_MEDIA:,} media at most"
        )
    return told
