"""Monthly partitions of the history tables: made ahead, so that a row always has its own month to land in.

The default partition must stay empty (an invariant): it catches what would otherwise be lost when nobody made ahead.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

PARTITIONED = ("media_snapshots", "account_observations")
MONTHS_AHEAD = 3
_LOCK = 7_303_017  # any constant: two schedulers must not create the same partition at once


def ensure_partitions(tx: Session, *, now: datetime, months_ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make the partitions of this month and the next ones; returns the names of those that were missing."""
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    made = []
    for table in PARTITIONED:
        for month in _months(now, months_ahead + 1):
            name = f"{table}_{month:%Y_%m}"
            if tx.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar_one() is None:
                bounds = f"FROM ('{month.isoformat()}') TO ('{_next(month).isoformat()}')"
                tx.execute(text(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES {bounds}"))
                made.append(name)
    return made


def _months(start: datetime, count: int) -> list[datetime]:
    months = [datetime(start.year, start.month, 1, tzinfo=UTC)]
    while len(months) < count:
        months.append(_next(months[-1]))
    return months


def _next(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
