"""What of the past was read: the days of an account's insights one by one, and the times in which nobody looked.

Facts, written down where they arise: a day in the transaction that keeps what was read of it, a gap in the one that
ends the run which closed it. The view `coverage` says what follows, and costs the same however long the past is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Instant, Str
from pressrun.instagram.pacific import Day

SETTLED_AFTER = timedelta(hours=48)
"""How long after its end Instagram restates a day (graph-api.md §6.1): one that was read later is read for good."""


class CoveredDay(Base):
    """A day of an account's insights, as it was read last."""

    __tablename__ = "covered_days"

    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    period_end: Mapped[Instant]
    read_at: Mapped[Instant]
    points: Mapped[int] = mapped_column(Integer)
    """Values that Instagram told; 0 where it said nothing."""
    unread: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """What failed, and is read again."""
    refused: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Metrics that Instagram refused then."""


class HarvestGap(Base):
    """A time in which no run of a harvest came through, longer than a day."""

    __tablename__ = "harvest_gaps"

    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), primary_key=True)
    kind: Mapped[Str] = mapped_column(primary_key=True)
    until: Mapped[Instant] = mapped_column(primary_key=True)
    """Gaps follow each other, so the first that ends after an instant is the only one that can hold it."""
    since: Mapped[Instant]
    why: Mapped[Str]


@dataclass(frozen=True)
class DayRead:
    """What one reading of a day came to."""

    day: Day
    points: int
    unread: Sequence[str] = field(default=())
    refused: Sequence[str] = field(default=())


# An older answer does not speak for the present: a day that was read since then stays as it is.
_NOTE = text("""
    INSERT INTO covered_days AS c (account_id, day, period_end, read_at, points, unread, refused)
    VALUES (:account_id, :day, :period_end, :read_at, :points, CAST(:unread AS jsonb), CAST(:refused AS jsonb))
    ON CONFLICT (account_id, day) DO UPDATE
       SET period_end = excluded.period_end, read_at = excluded.read_at, points = excluded.points,
           unread = excluded.unread, refused = excluded.refused
     WHERE c.read_at < excluded.read_at
""")

# What Instagram refused then and gives by now can be read of the days that it still tells.
_OWED = text("""
    SELECT d.day
      FROM unnest(CAST(:days AS date[])) AS d(day)
      LEFT JOIN covered_days c ON c.account_id = :account_id AND c.day = d.day
     WHERE c.day IS NULL
        OR c.read_at < c.period_end + make_interval(secs => :settled_after_s)
        OR c.unread <> CAST('[]' AS jsonb)
        OR NOT c.refused <@ CAST(:held AS jsonb)
""")

_BEGIN = text("""
    SELECT least(a.created_at - CAST(:before AS interval),
                 (SELECT min(since) FROM backfills b WHERE b.account_id = a.id AND b.kind = 'account'))
      FROM accounts a WHERE a.id = :account_id
""")


def note_day(tx: Session, account_id: int, read: DayRead, *, read_at: datetime) -> None:
    """Write down that this day was read. The caller keeps what it told in the same transaction."""
    values = {
        "account_id": account_id,
        "day": read.day.on,
        "period_end": read.day.until,
        "read_at": read_at,
        "points": read.points,
        "unread": json.dumps(list(read.unread)),
        "refused": json.dumps(list(read.refused)),
    }
    tx.execute(_NOTE, values)


def wanted_since(tx: Session, account_id: int, *, before: timedelta) -> datetime:
    """From when on its days are wanted: since so long before it was added, or further back if that was asked for."""
    at: datetime = tx.execute(_BEGIN, {"account_id": account_id, "before": before}).scalar_one()
    return at


def owed_days(tx: Session, account_id: int, closed: Sequence[Day], *, held: Collection[str]) -> list[Day]:
    """Which of these days have to be read (again): nobody did, or too early, or something of them is missing.

    Args:
        held: metrics that Instagram still refuses as far as is known.
    """
    values = {
        "account_id": account_id,
        "days": [day.on for day in closed],
        "settled_after_s": SETTLED_AFTER.total_seconds(),
        "held": json.dumps(sorted(held)),
    }
    owed = set(tx.scalars(_OWED, values))
    return [day for day in closed if day.on in owed]


# Told by the run that closes it, before it moves `covered_at`. Stories are up for 24 hours, so one that came and went
# may lie in any longer gap; of all else a gap matters only where a whole day lies in it.
CLOSING_GAP = """
    INSERT INTO harvest_gaps (account_id, kind, since, until, why)
    SELECT h.account_id, h.kind, g.since, r.finished_at,
           coalesce(
               (SELECT 'runs failed, the last one with: ' || left(f.errors -> -1 ->> 'error', 300)
                  FROM harvest_runs f
                 WHERE f.harvest_id = h.id AND f.slot_at > g.since AND f.id <> r.id AND f.status = 'failed'
                 ORDER BY f.slot_at DESC LIMIT 1),
               CASE WHEN r.started_at < r.finished_at - interval '1 hour'
                    THEN 'a run was begun ' || to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
                         || ' UTC and put off until it came through'
                    ELSE 'no run was begun' END)
      FROM harvest_runs r
      JOIN harvests h ON h.id = r.harvest_id
      JOIN accounts a ON a.id = h.account_id
     CROSS JOIN LATERAL (SELECT coalesce(h.covered_at, a.created_at) AS since) g
     WHERE r.id = :run_id AND r.slot_at = :slot_at AND r.backfill_id IS NULL
       AND r.status IN ('done', 'partial') AND r.covers
       AND CASE WHEN h.kind = 'stories' THEN r.finished_at - g.since > interval '24 hours'
                ELSE (date_trunc('day', g.since AT TIME ZONE 'America/Los_Angeles') + interval '2 days')
                     AT TIME ZONE 'America/Los_Angeles' <= r.finished_at END
    ON CONFLICT DO NOTHING
"""
"""Writes down the time in which its harvest did not look, if this run ended one."""
