"""History of the public counts of watched accounts. Append-only: a row only when a count has changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.history.late_points import late_points, store_series
from models.store.base import Base
from models.store.types import Instant, Str


class CompetitorObservation(Base):
    __tablename__ = "competitor_observations"
    __table_args__ = (
        Index("ix_competitor_observations_captured_at", "captured_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (captured_at)"},
    )

    watch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    metric: Mapped[Str] = mapped_column(primary_key=True)
    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    run_id: Mapped[int | None] = mapped_column(BigInteger)


class CompetitorLatest(Base):
    __tablename__ = "competitor_latest"

    watch_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("watches.id"), primary_key=True)
    metric: Mapped[Str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    captured_at: Mapped[Instant]
    last_checked_at: Mapped[Instant]


# As for the account's own points: the row of `competitor_latest` is the lock, an older answer does not speak for the
# present, and the point is written only when the value is new.
_OBSERVE = text("""
    WITH latest AS (
        INSERT INTO competitor_latest AS l (watch_id, metric, value, captured_at, last_checked_at)
        SELECT :watch_id, metric, value, :captured_at, :captured_at
          FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(metric text, value bigint)
         ORDER BY metric  -- one order of locking
        ON CONFLICT (watch_id, metric) DO UPDATE
           SET captured_at = CASE WHEN l.value <> excluded.value THEN excluded.captured_at ELSE l.captured_at END,
               value = excluded.value,
               last_checked_at = excluded.last_checked_at
         WHERE l.last_checked_at < excluded.last_checked_at
        RETURNING l.*
    ), added AS (
        INSERT INTO competitor_observations (watch_id, metric, captured_at, value, run_id)
        SELECT watch_id, metric, captured_at, value, CAST(:run_id AS bigint)
          FROM latest WHERE captured_at = :captured_at
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM latest) AS taken, (SELECT count(*) FROM added) AS added
""")
_OBSERVE_LATE = late_points(
    latest="competitor_latest",
    history="competitor_observations",
    owner="watch_id",
    keys={"metric": "text"},
    value="value",
    of="bigint",
)


def store_competitor(
    tx: Session, watch_id: int, counts: Mapping[str, int], *, captured_at: datetime, run_id: int | None
) -> int:
    """Add the counts that differ from those known at their time; returns how many were written."""
    if not counts:
        return 0
    known = {"watch_id": watch_id, "captured_at": captured_at, "run_id": run_id}
    rows = [{"metric": metric, "value": value} for metric, value in counts.items()]
    return store_series(tx, _OBSERVE, _OBSERVE_LATE, known, rows)
