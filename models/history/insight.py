"""History of an account's insights: bitemporal points, and audience snapshots. Append-only.

A point says: this value, of this metric and breakdown, for the period that ended then (`period_end`), as it was known
when it was read (`captured_at`). A restated value is a new point. `period_end` is the epoch for values that belong to
a moment and not to a period (`period = 'moment'`): their time is `captured_at`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.history.late_points import late_points, store_series
from models.store.base import Base
from models.store.sparing import write
from models.store.types import Instant, Str

MOMENT = "moment"
NO_PERIOD = datetime(1970, 1, 1, tzinfo=UTC)


class AccountObservation(Base):
    __tablename__ = "account_observations"
    __table_args__ = (
        Index("ix_account_observations_captured_at", "captured_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (captured_at)"},
    )

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    metric: Mapped[Str] = mapped_column(primary_key=True)
    period: Mapped[Str] = mapped_column(primary_key=True)
    breakdown: Mapped[Str] = mapped_column(primary_key=True, server_default=text("''"))
    """`dimension=value`, several joined by `,`; empty for the whole."""
    period_end: Mapped[Instant] = mapped_column(primary_key=True)
    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    value: Mapped[float] = mapped_column(Numeric)
    run_id: Mapped[int | None] = mapped_column(BigInteger)


class AccountLatest(Base):
    __tablename__ = "account_latest"
    __table_args__ = (
        # For `account_daily`: a day or a range of days, of one account or of all.
        Index(
            "ix_account_latest_day_of_end",
            text("(((period_end AT TIME ZONE 'UTC'::text) - '10:30:00'::interval)::date)"),
            "account_id",
            postgresql_where=text("period = 'day'"),
        ),
        # Serves the invariants: what has changed since a time.
        Index("ix_account_latest_captured_at", "captured_at"),
    )

    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), primary_key=True)
    metric: Mapped[Str] = mapped_column(primary_key=True)
    period: Mapped[Str] = mapped_column(primary_key=True)
    breakdown: Mapped[Str] = mapped_column(primary_key=True, server_default=text("''"))
    period_end: Mapped[Instant] = mapped_column(primary_key=True)
    value: Mapped[float] = mapped_column(Numeric)
    captured_at: Mapped[Instant]
    last_checked_at: Mapped[Instant]


class AudienceSnapshot(Base):
    __tablename__ = "audience_snapshots"
    __table_args__ = (Index("ix_audience_snapshots_captured_at", "captured_at"),)  # for retention

    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), primary_key=True)
    metric: Mapped[Str] = mapped_column(primary_key=True)
    timeframe: Mapped[Str] = mapped_column(primary_key=True)
    breakdown: Mapped[Str] = mapped_column(primary_key=True)
    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Value of each dimension (combined ones joined by `|`) → count, as Instagram gave it."""
    run_id: Mapped[int | None] = mapped_column(BigInteger)


class AudienceLatest(Base):
    __tablename__ = "audience_latest"

    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), primary_key=True)
    metric: Mapped[Str] = mapped_column(primary_key=True)
    timeframe: Mapped[Str] = mapped_column(primary_key=True)
    breakdown: Mapped[Str] = mapped_column(primary_key=True)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    captured_at: Mapped[Instant]
    last_checked_at: Mapped[Instant]


@dataclass(frozen=True)
class Observation:
    """One value as one answer gave it."""

    metric: str
    period: str
    breakdown: str
    period_end: datetime
    value: int | float


@dataclass(frozen=True)
class Audience:
    """One demographic breakdown as one answer gave it."""

    metric: str
    timeframe: str
    breakdown: str
    counts: Mapping[str, int | float]


# The row of `account_latest` is the lock: two readings of one series follow each other. An insert means "never known",
# an update "looked at again"; the point is written only when the value is new. `xmax = 0` tells the insert.
_OBSERVE = text("""
    WITH read AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS p(metric text, period text, breakdown text, period_end timestamptz, value numeric)
         ORDER BY metric, period, breakdown, period_end  -- one order of locking for all harvests
    ), latest AS (
        INSERT INTO account_latest AS l
               (account_id, metric, period, breakdown, period_end, value, captured_at, last_checked_at)
        SELECT :account_id, metric, period, breakdown, period_end, value, :captured_at, :captured_at FROM read
        ON CONFLICT (account_id, metric, period, breakdown, period_end) DO UPDATE
           SET captured_at = CASE WHEN l.value IS DISTINCT FROM excluded.value
                                  THEN excluded.captured_at ELSE l.captured_at END,
               value = excluded.value,
               last_checked_at = excluded.last_checked_at
         WHERE l.last_checked_at < excluded.last_checked_at  -- an older answer does not speak for the present
        RETURNING l.*
    ), added AS (
        INSERT INTO account_observations
               (account_id, metric, period, breakdown, period_end, captured_at, value, run_id)
        SELECT account_id, metric, period, breakdown, period_end, captured_at, value, CAST(:run_id AS bigint)
          FROM latest WHERE captured_at = :captured_at
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM latest) AS taken, (SELECT count(*) FROM added) AS added
""")
_OBSERVE_LATE = late_points(
    latest="account_latest",
    history="account_observations",
    owner="account_id",
    keys={"metric": "text", "period": "text", "breakdown": "text", "period_end": "timestamptz"},
    value="value",
    of="numeric",
)

_SEE_AUDIENCE = text("""
    WITH read AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS a(metric text, timeframe text, breakdown text, counts jsonb)
         ORDER BY metric, timeframe, breakdown
    ), latest AS (
        INSERT INTO audience_latest AS l
               (account_id, metric, timeframe, breakdown, counts, captured_at, last_checked_at)
        SELECT :account_id, metric, timeframe, breakdown, counts, :captured_at, :captured_at FROM read
        ON CONFLICT (account_id, metric, timeframe, breakdown) DO UPDATE
           SET captured_at = CASE WHEN l.counts IS DISTINCT FROM excluded.counts
                                  THEN excluded.captured_at ELSE l.captured_at END,
               counts = excluded.counts,
               last_checked_at = excluded.last_checked_at
         WHERE l.last_checked_at < excluded.last_checked_at
        RETURNING l.*
    ), added AS (
        INSERT INTO audience_snapshots (account_id, metric, timeframe, breakdown, captured_at, counts, run_id)
        SELECT account_id, metric, timeframe, breakdown, captured_at, counts, CAST(:run_id AS bigint)
          FROM latest WHERE captured_at = :captured_at
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM latest) AS taken, (SELECT count(*) FROM added) AS added
""")
_SEE_AUDIENCE_LATE = late_points(
    latest="audience_latest",
    history="audience_snapshots",
    owner="account_id",
    keys={"metric": "text", "timeframe": "text", "breakdown": "text"},
    value="counts",
    of="jsonb",
)


def store_observations(
    tx: Session, account_id: int, points: Iterable[Observation], *, captured_at: datetime, run_id: int | None
) -> int:
    """Add the points whose value differs from the one known at their time; returns how many were written."""
    unique = {(p.metric, p.period, p.breakdown, p.period_end): p for p in points}
    if not unique:
        return 0
    listed = [
        {
            "metric": p.metric,
            "period": p.period,
            "breakdown": p.breakdown,
            "period_end": p.period_end.isoformat(),
            "value": p.value,
        }
        for p in unique.values()
    ]
    known = {"account_id": account_id, "captured_at": captured_at, "run_id": run_id}

    return sum(write(tx, listed, lambda rows: store_series(tx, _OBSERVE, _OBSERVE_LATE, known, rows)))


def store_audience(
    tx: Session, account_id: int, audiences: Iterable[Audience], *, captured_at: datetime, run_id: int | None
) -> int:
    """Add the breakdowns that changed; returns how many were written. An empty one is unknown and adds nothing."""
    unique = {(one.metric, one.timeframe, one.breakdown): one for one in audiences if one.counts}
    if not unique:
        return 0
    listed = [
        {"metric": one.metric, "timeframe": one.timeframe, "breakdown": one.breakdown, "counts": dict(one.counts)}
        for one in unique.values()
    ]
    known = {"account_id": account_id, "captured_at": captured_at, "run_id": run_id}

    return sum(write(tx, listed, lambda rows: store_series(tx, _SEE_AUDIENCE, _SEE_AUDIENCE_LATE, known, rows)))
