"""Monthly partitions of the history tables: made ahead, so that a row always has its own month to land in.

The default partition must stay empty (an invariant): it catches what would otherwise be lost when nobody made ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.guarding import guard_partition

PARTITIONED = (
    "media_snapshots",
    "account_observations",
    "competitor_observations",
    "public_media_snapshots",
    "hashtag_tops",
)
MONTHS_AHEAD = 3
_LOCK = 7_303_017  # any constant: two schedulers must not make or drop the same partition at once


def ensure_partitions(
    tx: Session, *, now: datetime, months_ahead: int = MONTHS_AHEAD, tables: Sequence[str] = PARTITIONED
) -> list[str]:
    """Make the partitions of this month and the next ones; returns the names of those that were missing.

    Rows of such a month that the default partition has caught are moved where they belong.
    """
    lock_partitions(tx)
    made = []
    for table in tables:
        for month in _months(now, months_ahead + 1):
            name = f"{table}_{month:%Y_%m}"
            if tx.execute(_EXISTS, {"name": name}).scalar_one() is None:
                _make(tx, table, name, month)
                made.append(name)
    return made


def missing_partitions(tx: Session, *, now: datetime, months_ahead: int) -> list[str]:
    """The names of the partitions of this month and so many next ones that are not there."""
    names = [f"{table}_{month:%Y_%m}" for table in PARTITIONED for month in _months(now, months_ahead + 1)]
    return [name for name in names if tx.execute(_EXISTS, {"name": name}).scalar_one() is None]


_EXISTS = text("SELECT to_regclass(:name)")


def lock_partitions(tx: Session) -> None:
    """Until the end of the transaction nobody else makes or drops one."""
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _make(tx: Session, table: str, name: str, month: datetime) -> None:
    low, high = month.isoformat(), _next(month).isoformat()
    in_month = f"captured_at >= '{low}' AND captured_at < '{high}'"
    default = f"{table}_default"
    create = f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}')"
    if not tx.execute(text(f"SELECT EXISTS (SELECT FROM {default} WHERE {in_month})")).scalar_one():  # noqa: S608
        tx.execute(text(create))
        guard_partition(tx, table, name)
        return
    # Nobody made ahead. Postgres refuses a partition while the default holds rows of it, and the append-only trigger
    # refuses to move them; a detached table has neither, and gets the trigger back when it is attached.
    tx.execute(text(f"ALTER TABLE {table} DETACH PARTITION {default}"))
    tx.execute(text(create))
    delete = f"DELETE FROM {default} WHERE {in_month} RETURNING *"  # noqa: S608 - our own names
    tx.execute(text(f"WITH moved AS ({delete}) INSERT INTO {table} SELECT * FROM moved"))  # noqa: S608
    tx.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {default} DEFAULT"))
    guard_partition(tx, table, name)


def _months(start: datetime, count: int) -> list[datetime]:
    months = [datetime(start.year, start.month, 1, tzinfo=UTC)]
    while len(months) < count:
        months.append(_next(months[-1]))
    return months


def _next(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
