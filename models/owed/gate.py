"""Gates: how much Instagram lets through, per app and per account, shared by all workers.

Usage headers and throttle errors of every answer set the level. The row changes only when a threshold is crossed:

    open (< 60 %) · slow (harvests wait longer) · reserved (≥ 80 %, publishing only) · shut (100 % or throttled)

Every level but `open` ends at `until`: a reading says nothing of an hour later. No call is made while a gate is shut.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.session import Database
from models.store.types import Instant, Str, one_of


class Level(StrEnum):
    OPEN = "open"
    SLOW = "slow"
    RESERVED = "reserved"
    SHUT = "shut"


class Purpose(StrEnum):
    """What a call is for: publishing keeps the last fifth of the budget for itself."""

    PUBLISH = "publish"
    HARVEST = "harvest"


SLOW_PERCENT = 60
RESERVED_PERCENT = 80
SHUT_PERCENT = 100
USAGE_HOLDS_FOR = timedelta(minutes=10)
SHUT_FOR = timedelta(hours=1)
"""When Instagram does not say how long."""


class Gate(Base):
    __tablename__ = "gates"
    __table_args__ = (one_of("level", Level),)

    key: Mapped[Str] = mapped_column(primary_key=True)
    """`app:<app id>` or `account:<account id>`."""
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    level: Mapped[Str]
    usage_percent: Mapped[int | None]
    reason: Mapped[Str | None]
    changed_at: Mapped[Instant]
    until: Mapped[Instant | None]


@dataclass(frozen=True)
class Shut:
    """No call may be made before `until`."""

    until: datetime
    reason: str


def app_key(app_id: str | None) -> str:
    return f"app:{app_id or 'default'}"


def account_key(account_id: int) -> str:
    return f"account:{account_id}"


def level_for(percent: int) -> Level:
    if percent >= SHUT_PERCENT:
        return Level.SHUT
    if percent >= RESERVED_PERCENT:
        return Level.RESERVED
    return Level.SLOW if percent >= SLOW_PERCENT else Level.OPEN


# Asked before every call, so it is one prepared statement, as the driver takes it. What ends last keeps the call away.
_BARRIER: Final = """
    SELECT until, coalesce(reason, 'usage ' || usage_percent || ' %%', level) AS reason
      FROM gates
     WHERE key IN (%(app)s, %(account)s) AND until > %(now)s
       AND (level = 'shut' OR level = 'reserved' AND %(for_harvest)s)
     ORDER BY until DESC LIMIT 1
"""
_SLOW = text("""
    SELECT EXISTS (SELECT FROM gates WHERE key IN (:app, :account) AND until > :now AND level <> 'open')
""")


def barrier(tx: Session, app_id: str | None, account_id: int, purpose: Purpose, *, now: datetime) -> Shut | None:
    """What keeps a call of that purpose from being made now; None when it may be made."""
    asked = _asked(app_id, account_id, purpose, now)
    row = tx.connection().exec_driver_sql(_BARRIER, asked).first()
    return Shut(row.until, row.reason) if row is not None else None


def glance(database: Database, app_id: str | None, account_id: int, purpose: Purpose, *, now: datetime) -> Shut | None:
    """The same outside of transactions: what is asked before each call to Instagram."""
    row = database.glimpse(_BARRIER, _asked(app_id, account_id, purpose, now))
    return Shut(*row) if row is not None else None


def _asked(app_id: str | None, account_id: int, purpose: Purpose, now: datetime) -> dict[str, object]:
    return {
        "app": app_key(app_id),
        "account": account_key(account_id),
        "now": now,
        "for_harvest": purpose is Purpose.HARVEST,
    }


def is_slow(tx: Session, app_id: str | None, account_id: int, *, now: datetime) -> bool:
    """Whether harvests should take their time."""
    asked = {"app": app_key(app_id), "account": account_key(account_id), "now": now}
    return bool(tx.execute(_SLOW, asked).scalar_one())


# A gate that is shut stays shut until its time: an answer that was under way when it shut may still report 99 %.
_SET = text("""
    INSERT INTO gates AS g (key, account_id, level, usage_percent, reason, changed_at, until)
    VALUES (:key, :account_id, :level, :percent, :reason, :now, :until)
    ON CONFLICT (key) DO UPDATE
       SET level = excluded.level, usage_percent = excluded.usage_percent, reason = excluded.reason,
           changed_at = excluded.changed_at, until = excluded.until
     WHERE CASE WHEN excluded.level = 'shut' THEN g.level <> 'shut' OR excluded.until > g.until
                WHEN g.level = 'shut' AND g.until > :now THEN false
                ELSE g.level <> excluded.level OR g.until <= excluded.until - interval '1 minute' END
""")


def set_level(
    tx: Session,
    key: str,
    *,
    account_id: int | None,
    level: Level,
    percent: int | None,
    reason: str | None,
    now: datetime,
    until: datetime | None,
) -> None:
    """Record a level; without effect while the gate is shut for longer."""
    holds_for = SHUT_FOR if level is Level.SHUT else USAGE_HOLDS_FOR
    tx.execute(
        _SET,
        {
            "key": key,
            "account_id": account_id,
            "level": level.value,
            "percent": percent,
            "reason": reason,
            "now": now,
            "until": None if level is Level.OPEN else until or now + holds_for,
        },
    )
