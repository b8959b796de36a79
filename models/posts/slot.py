"""Posting slots: the weekly times at which an account likes to post, as wall times in its zone.

A slot is taken by the post that is due at its instant. A wall time that DST skips or repeats follows `pressrun.clock`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, SmallInteger, Time, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import Account
from models.posts.post import Post
from models.posts.states import ACTIVE, PostState
from models.store.base import Base
from models.store.types import Id
from pressrun import clock

_TAKING = (*(state.value for state in ACTIVE), PostState.DRAFT.value, PostState.NEEDS_REVIEW.value)


class Slot(Base):
    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("account_id", "weekday", "wall_time"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    """1 is Monday, 7 is Sunday (ISO 8601)."""
    wall_time: Mapped[time] = mapped_column(Time)


class WeeklyTime(NamedTuple):
    """One time of the week, in an account's zone."""

    weekday: int
    wall_time: time


def weekly_times(tx: Session, account_id: int) -> list[WeeklyTime]:
    rows = tx.scalars(select(Slot).where(Slot.account_id == account_id).order_by(Slot.weekday, Slot.wall_time))
    return [WeeklyTime(slot.weekday, slot.wall_time) for slot in rows]


def next_free_slot(
    tx: Session, account: Account, *, after: datetime, except_post: int | None = None
) -> datetime | None:
    """The first slot later than `after` that no other post of the account has; None without any slot.

    Call it under the account's row lock (`lock_account`), or two posts may choose the same slot.
    """
    times = weekly_times(tx, account.id)
    taken = set(
        tx.scalars(
            select(Post.publish_at).where(
                Post.account_id == account.id,
                Post.publish_at > after,
                Post.state.in_(_TAKING),
                Post.id != (except_post or 0),
            )
        )
    )
    return next((at for at in occurrences(times, clock.zone(account.timezone), after=after) if at not in taken), None)


def occurrences(times: Sequence[WeeklyTime], zone: ZoneInfo, *, after: datetime) -> Iterator[datetime]:
    """The instants (UTC) of these times later than `after`, in order, for as long as the calendar goes on."""
    if not times:
        return
    last = after
    day = after.astimezone(zone).date() - timedelta(days=1)  # a skipped time may fall on the day after its own
    while True:
        walls = [datetime.combine(day, one.wall_time) for one in times if one.weekday == day.isoweekday()]
        for at in sorted({clock.resolve_local(wall, zone).astimezone(UTC) for wall in walls}):
            if at > last:
                last = at
                yield at
        day += timedelta(days=1)
