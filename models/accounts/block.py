"""Blocks: each time that Instagram suspected an account, and for how long that holds back publishing and replying.

    first   4 hours
    again   24 hours, unless a whole day has passed since the last hold ended
    live    1 hour from the suspicion, once the post that it came with has proved live; it is then no step of the ladder

The message of a suspicion is known to come with posts that went out all the same (graph-api.md §8). The account shows
the hold that ends last as its state, unless something else is more in the way; `show` is the one place that writes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import AccountState, lock_account, set_state
from models.owed.waking import hasten_posts, wake_account, wake_reading
from models.store.base import Base
from models.store.types import Id, Instant, Str
from models.telling.notice import News, NoticeKind, tell

LADDER: Final = (timedelta(hours=4), timedelta(hours=24))
LIVE_FOR: Final = timedelta(hours=1)
QUIET: Final = timedelta(days=1)
"""Without a hold for that long, the ladder begins anew."""


class Block(Base):
    __tablename__ = "blocks"
    __table_args__ = (
        Index("ix_blocks_account_id_until", "account_id", "until"),
        Index("ix_blocks_attempt_id", "attempt_id", postgresql_where=text("attempt_id IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    attempt_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("attempts.id"))
    """The call that it came with, where its outcome is not known."""
    reason: Mapped[Str]
    suspected_at: Mapped[Instant]
    step: Mapped[int] = mapped_column(Integer)
    """Which step of the ladder, from 0."""
    until: Mapped[Instant]
    live_at: Mapped[Instant | None]
    """When the post of the call proved live."""


def hold(
    tx: Session,
    account_id: int,
    *,
    reason: str,
    now: datetime,
    attempt_id: int | None = None,
    at_least: timedelta = timedelta(0),
) -> datetime:
    """Hold the account back after a suspicion; returns until when. Two suspicions of one moment are one step."""
    account = lock_account(tx, account_id)  # the ladder is climbed by one at a time
    last = tx.scalar(
        select(Block)
        .where(Block.account_id == account_id, Block.live_at.is_(None))
        .order_by(Block.until.desc(), Block.id.desc())
        .limit(1)
    )
    step = _step_after(last, now)
    until = now + max(LADDER[step], at_least)
    tx.add(Block(account_id=account_id, attempt_id=attempt_id, reason=reason, suspected_at=now, step=step, until=until))
    tx.flush()
    show(tx, account_id, now=now)
    if last is None or now >= last.until:  # what is suspected during a hold is no news
        said = (
            f"Instagram suspects {account.name}, which publishes and replies nothing until {until:%Y-%m-%d %H:%M} UTC"
        )
        tell(tx, News(NoticeKind.ACCOUNT_BLOCKED, f"{said}: {reason}", account_id, detail={"until": until}))
    return max(until, last.until if last is not None else until)


def record_live(tx: Session, account_id: int, attempt_id: int, *, now: datetime) -> None:
    """The post of this call is live after all: the hold for it ends an hour after the suspicion."""
    lock_account(tx, account_id)
    shortened = tx.execute(
        update(Block)
        .where(Block.attempt_id == attempt_id, Block.live_at.is_(None))
        .values(live_at=now, until=text("least(until, suspected_at + :live_for)").bindparams(live_for=LIVE_FOR))
        .returning(Block.id)
    )
    if shortened.first() is None:
        return
    until = show(tx, account_id, now=now)
    if until is None:
        wake_account(tx, account_id)
    else:
        hasten_posts(tx, account_id, until=until)


def reactivate(tx: Session, account_id: int, *, now: datetime) -> int:
    """A pause or a refused token is over: the account goes on, but for a hold that lasts.

    Returns how many posts go on. The caller holds the account's row lock.
    """
    set_state(tx, account_id, AccountState.ACTIVE, reason=None)
    if show(tx, account_id, now=now) is None:
        return wake_account(tx, account_id)
    wake_reading(tx, account_id)
    return 0


def lift(tx: Session, account_id: int, *, now: datetime) -> int:
    """A person ends the hold before its time; returns how many posts go on."""
    lock_account(tx, account_id)
    tx.execute(update(Block).where(Block.account_id == account_id, Block.until > now).values(until=now))
    return reactivate(tx, account_id, now=now)


# A person's pause and a refused token are more in the way, and are told first.
_SHOW = text("""
    WITH longest AS (
        SELECT reason, until FROM blocks
         WHERE account_id = :account_id AND until > :now ORDER BY until DESC, id DESC LIMIT 1
    ), shown AS (
        UPDATE accounts a
           SET state        = CASE WHEN l.until IS NULL THEN 'active' ELSE 'blocked' END,
               state_reason = l.reason, state_until = l.until, updated_at = now()
          FROM (SELECT 1) one LEFT JOIN longest l ON true
         WHERE a.id = :account_id AND a.state IN ('active', 'blocked')
    )
    SELECT until FROM longest
""")


def show(tx: Session, account_id: int, *, now: datetime) -> datetime | None:
    """Have the account's state say whether it is held back; returns until when. The caller holds its row lock."""
    until: datetime | None = tx.execute(_SHOW, {"account_id": account_id, "now": now}).scalar()
    return until


def _step_after(last: Block | None, now: datetime) -> int:
    if last is None or now >= last.until + QUIET:
        return 0
    # Of calls that were under way together, each may be suspected: nobody has gone on since the first.
    return last.step if now < last.until else min(last.step + 1, len(LADDER) - 1)
