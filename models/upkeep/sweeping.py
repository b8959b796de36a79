"""Retention of tables that have no months to drop: their oldest rows go, a few at a time: nobody waits for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.erasing.ends import ENDS, Swept
from models.erasing.erasure import license_month


def sweep(tx: Session, *, before: datetime, now: datetime, limit: int) -> dict[str, int]:
    """Delete at most `limit` rows that are older; returns how many of which table. When that is the limit, call again.

    Rows that somebody works on are left for the next time.
    """
    gone: dict[str, int] = {}
    left = limit
    for table, swept in ((name, end.retention) for name, end in ENDS.items() if isinstance(end.retention, Swept)):
        take = _take_guarded if swept.is_guarded else _take
        while left and (count := take(tx, table, swept, before, left, now)):
            gone[table] = gone.get(table, 0) + count
            left -= count
    return gone


def _picked(table: str, swept: Swept, what: str) -> str:
    return f"""
        SELECT t.{what} FROM {table} t WHERE {swept.is_old}
         ORDER BY t.{swept.oldest} LIMIT :limit FOR UPDATE SKIP LOCKED
    """  # noqa: S608 - constants


def _take(tx: Session, table: str, swept: Swept, before: datetime, limit: int, _now: datetime) -> int:
    told = {"before": before, "limit": limit}
    if not swept.before_it:
        query = f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({_picked(table, swept, 'ctid')}))"  # noqa: S608
        result: Any = tx.execute(text(query), told)
        return int(result.rowcount)
    ids = list(tx.scalars(text(_picked(table, swept, "id")), told))
    if ids:
        for statement in swept.before_it:
            tx.execute(text(statement), {"ids": ids})
        tx.execute(text(f"DELETE FROM {table} WHERE id = ANY(:ids)"), {"ids": ids})  # noqa: S608
    return len(ids)


# The month is written down first: that is what lets its rows pass the trigger, and nothing else of the table.
_WRITE_DOWN = text("""
    INSERT INTO dropped_months AS d (table_name, since, until, bytes, dropped_at)
    VALUES (:table, :since, :until, 0, :now)
    ON CONFLICT (table_name, since) DO UPDATE SET until = greatest(d.until, excluded.until), dropped_at = :now
""")
_COUNT_BYTES = text("UPDATE dropped_months SET bytes = bytes + :bytes WHERE table_name = :table AND since = :since")


def _take_guarded(tx: Session, table: str, swept: Swept, before: datetime, limit: int, now: datetime) -> int:
    """Of an append-only table the rows of its oldest month."""
    oldest = tx.scalar(text(f"SELECT min({swept.oldest}) FROM {table}"))  # noqa: S608
    if oldest is None or oldest >= before:
        return 0
    month = {"table": table, "since": (since := _month_of(oldest)), "until": min(_month_after(since), before)}
    tx.execute(_WRITE_DOWN, month | {"now": now})
    license_month(tx)
    query = f"""
        DELETE FROM {table} t WHERE ctid = ANY(ARRAY({_picked(table, swept, "ctid")}))
        RETURNING pg_column_size(t.*)
    """  # noqa: S608
    sizes = list(tx.scalars(text(query), {"before": month["until"], "limit": limit}))
    license_month(tx, ends=True)
    tx.execute(_COUNT_BYTES, {"table": table, "since": since, "bytes": sum(sizes)})
    return len(sizes)


def _month_of(at: datetime) -> datetime:
    utc = at.astimezone(UTC)
    return datetime(utc.year, utc.month, 1, tzinfo=UTC)


def _month_after(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
