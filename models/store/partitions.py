"""Monthly partitions of the history tables: made ahead, so that a row always has its own month to land in.

The default partition must stay empty (an invariant): it catches what would otherwise be lost when nobody made ahead. Of
`harvest_runs` it may hold what is of no month to come: the run of a slot that was owed since a month that is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.store.guarding import guard_partition

PARTITIONED = (
    "media_snapshots",
    "account_observations",
    "competitor_observations",
    "public_media_snapshots",
    "hashtag_tops",
    "harvest_runs",
)
_BY = {"harvest_runs": "slot_at"}
"""By what a table is divided, where it is not `captured_at`."""
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
        for month in _homeless(tx, table, _months(now, months_ahead + 1)):
            _make(tx, table, _named(table, month), month)
            made.append(_named(table, month))
    return made


def missing_partitions(tx: Session, *, now: datetime, months_ahead: int) -> list[str]:
    """The names of the partitions of this month and so many next ones that are not there."""
    months = _months(now, months_ahead + 1)
    return [_named(table, month) for table in PARTITIONED for month in _homeless(tx, table, months)]


def _named(table: str, month: datetime) -> str:
    return f"{table}_{month:%Y_%m}"


def _homeless(tx: Session, table: str, months: Sequence[datetime]) -> list[datetime]:
    """Months that no partition holds. The bounds say so, and not a name: one partition may hold several months."""
    held = [(row.since, row.until) for row in tx.execute(BOUNDS, {"parent": table})]
    return [month for month in months if not any(since <= month < until for since, until in held)]


BOUNDS = text("""
    SELECT c.relname::text AS name, CAST(b.found[1] AS timestamptz) AS since, CAST(b.found[2] AS timestamptz) AS until
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                     'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') AS b(found)
     WHERE i.inhparent = CAST(:parent AS regclass) AND b.found IS NOT NULL
     ORDER BY c.relname
""")
"""Each partition of a table but the default one, and from when until when its rows are."""


def lock_partitions(tx: Session) -> None:
    """Until the end of the transaction nobody else makes or drops one."""
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _make(tx: Session, table: str, name: str, month: datetime) -> None:
    low, high = month.isoformat(), _next(month).isoformat()
    by = _BY.get(table, "captured_at")
    in_month = f"{by} >= '{low}' AND {by} < '{high}'"
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
