"""The publishing quota: a ledger of places in each account's rolling window.

A place is reserved in the same transaction as the publish intent, under the account's row lock, so that the count and
the reservation cannot be torn apart by another worker (check-then-insert without the lock overshoots). A place stays
reserved while an outcome is unknown: we may under-use the window, never over-use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, func, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import Account
from models.store.base import Base
from models.store.types import Id, Instant, Str, one_of

FALLBACK_TOTAL = 50
"""Publishes per window until the account's own figure has been read (graph-api.md §2.5)."""
FALLBACK_DURATION_S = 86_400
LONGEST_SEND = timedelta(minutes=10)
"""More than any publish call may take after its place was reserved."""
_USABLE = {
    "quota_usage": range(1_000_001),
    "quota_total": range(1_000_001),
    "quota_duration_s": range(60, 31 * 86_400 + 1),
}
"""What Instagram's figures may be. Others are a slip of theirs, and would keep posts from going out, or our row."""


class QuotaState(StrEnum):
    RESERVED = "reserved"
    USED = "used"
    RELEASED = "released"


class QuotaEntry(Base):
    __tablename__ = "quota_entries"
    __table_args__ = (
        UniqueConstraint("attempt_id"),
        one_of("state", QuotaState),
        Index("ix_quota_entries_window", "account_id", "counted_at", postgresql_where=text("state <> 'released'")),
        Index("ix_quota_entries_counted_at", "counted_at"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    attempt_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("attempts.id"))
    state: Mapped[Str]
    counted_at: Mapped[Instant]
    """When it was reserved; once used, when it was published."""
    total: Mapped[int] = mapped_column(Integer)
    """How many places the window had when this one was taken: Instagram changes its mind."""


@dataclass(frozen=True)
class Window:
    """How full an account's window is. `frees_at` is None while there is room, or when only Instagram knows."""

    used: int
    total: int
    frees_at: datetime | None

    @property
    def is_full(self) -> bool:
        return self.used >= self.total


def window(tx: Session, account: Account, *, now: datetime) -> Window:
    """The account's window as it stands: our own ledger or Instagram's figure, whichever is higher."""
    total = total_of(account)
    duration = timedelta(seconds=account.quota_duration_s or FALLBACK_DURATION_S)
    counted = select(QuotaEntry.counted_at, QuotaEntry.state).where(
        QuotaEntry.account_id == account.id,
        QuotaEntry.state != QuotaState.RELEASED.value,
        QuotaEntry.counted_at > now - duration - LONGEST_SEND,
    )
    leaves = sorted(left_at for row in tx.execute(counted) if (left_at := _leaves_at(row, duration)) > now)
    local = len(leaves)
    used = max(local, _remote_usage(tx, account, now=now, duration=duration))
    frees_at = leaves[local - total] if local >= total > 0 else None
    return Window(used=used, total=total, frees_at=frees_at if used >= total else None)


# The same as `window` says of each. A look through the index for each account: the ledger grows with the past.
_USED = text("""
    SELECT a.id,
           greatest(w.ours, CASE WHEN CAST(:now AS timestamptz) - a.quota_read_at < d.duration
                                 THEN coalesce(a.quota_usage + w.since_read, 0) ELSE 0 END) AS used
      FROM accounts a
     CROSS JOIN LATERAL (SELECT make_interval(secs => coalesce(a.quota_duration_s, :duration_s)) AS duration) d
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE q.counted_at + d.duration + q.later > :now) AS ours,
                  count(*) FILTER (WHERE q.counted_at > a.quota_read_at - q.later) AS since_read
             FROM (SELECT counted_at, CASE state WHEN 'reserved' THEN CAST(:longest AS interval)
                                                 ELSE interval '0' END AS later
                     FROM quota_entries
                    WHERE account_id = a.id AND state <> 'released'
                      AND counted_at > CAST(:now AS timestamptz) - d.duration - CAST(:longest AS interval)) q) w
""")


def used_by_account(tx: Session, *, now: datetime) -> dict[int, int]:
    """How many places of every account's window are taken, by the account's number: one query for all."""
    asked = {"now": now, "longest": LONGEST_SEND, "duration_s": FALLBACK_DURATION_S}
    return {row.id: int(row.used) for row in tx.execute(_USED, asked)}


def total_of(account: Account) -> int:
    """How many places its window has."""
    return FALLBACK_TOTAL if account.quota_total is None else account.quota_total


def _leaves_at(entry: Any, duration: timedelta) -> datetime:
    """When a place leaves the window. A reserved one was published perhaps a little later, and leaves as much later."""
    later = LONGEST_SEND if entry.state == QuotaState.RESERVED.value else timedelta(0)
    leaves_at: datetime = entry.counted_at + duration + later
    return leaves_at


def reserve(tx: Session, account: Account, attempt_id: int, *, now: datetime) -> None:
    """Take a place. The caller holds the account's row lock and has seen that the window is not full."""
    tx.add(
        QuotaEntry(
            account_id=account.id,
            attempt_id=attempt_id,
            state=QuotaState.RESERVED.value,
            counted_at=now,
            total=total_of(account),
        )
    )
    tx.flush()


def mark_used(tx: Session, attempt_id: int, *, now: datetime) -> None:
    """It was published. What is found out hours later is counted from when it can last have happened: a place that has
    left the window does not come back into it."""
    counted_at = func.least(now, QuotaEntry.counted_at + LONGEST_SEND)
    _settle(tx, attempt_id, QuotaState.USED, counted_at=counted_at)


def release(tx: Session, attempt_id: int) -> None:
    """Give the place back: it is proved that nothing was published."""
    _settle(tx, attempt_id, QuotaState.RELEASED)


def take_back(tx: Session, attempt_id: int) -> None:
    """It was published after all: its place was taken at its time, and more than the window allows may be for it."""
    tx.execute(
        update(QuotaEntry)
        .where(QuotaEntry.attempt_id == attempt_id, QuotaEntry.state == QuotaState.RELEASED.value)
        .values(state=QuotaState.USED.value)
    )


def record_reading(
    tx: Session, account_id: int, *, usage: int | None, total: int | None, duration_s: int | None, asked_at: datetime
) -> dict[str, int]:
    """Keep what Instagram said of the window; what it left out, or cannot mean, stays as it was known.

    Args:
        asked_at: from before the call; a reading that was asked for later stands.

    Returns:
        The figures that are of no use, under their names.
    """
    said = {"quota_usage": usage, "quota_total": total, "quota_duration_s": duration_s}
    given = {name: value for name, value in said.items() if value is not None}
    known: dict[str, object] = {name: value for name, value in given.items() if value in _USABLE[name]}
    if "quota_usage" in known:  # else an old figure would pass for one that knows what was published since
        known["quota_read_at"] = asked_at
    is_newest = or_(Account.quota_read_at.is_(None), Account.quota_read_at <= asked_at)
    tx.execute(update(Account).where(Account.id == account_id, is_newest).values(**known, updated_at=func.now()))
    return {name: value for name, value in given.items() if name not in known}


def _remote_usage(tx: Session, account: Account, *, now: datetime, duration: timedelta) -> int:
    if account.quota_usage is None or account.quota_read_at is None or now - account.quota_read_at >= duration:
        return 0
    # A place that is still reserved may have been published after the reading, unless it is older than any send.
    since = tx.scalar(
        select(func.count())
        .select_from(QuotaEntry)
        .where(
            QuotaEntry.account_id == account.id,
            or_(
                (QuotaEntry.state == QuotaState.RESERVED.value)
                & (QuotaEntry.counted_at > account.quota_read_at - LONGEST_SEND),
                (QuotaEntry.state == QuotaState.USED.value) & (QuotaEntry.counted_at > account.quota_read_at),
            ),
        )
    )
    return account.quota_usage + int(since or 0)


def _settle(tx: Session, attempt_id: int, state: QuotaState, *, counted_at: object = None) -> None:
    values: dict[str, object] = {"state": state.value}
    if counted_at is not None:
        values["counted_at"] = counted_at
    tx.execute(
        update(QuotaEntry)
        .where(QuotaEntry.attempt_id == attempt_id, QuotaEntry.state == QuotaState.RESERVED.value)
        .values(**values)
    )


def record_full(tx: Session, account_id: int, *, now: datetime) -> None:
    """Instagram said that the window is full: believe it over our own count until it is read again."""
    tx.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(quota_usage=func.coalesce(Account.quota_total, FALLBACK_TOTAL), quota_read_at=now)
    )
