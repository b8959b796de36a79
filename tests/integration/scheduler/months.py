"""The partition of this month, and how it comes that it is missing and cannot be made."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from models.store.guarding import guard_partition
from models.store.session import Database
from pressrun import clock

BY_HAND = "media_snapshots_by_hand"


def this_month() -> str:
    return f"media_snapshots_{clock.now():%Y_%m}"


def halve_this_month(database: Database) -> None:
    """As if somebody had made its second half by hand: the one that is missing would overlap with it."""
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    middle, following = month + timedelta(days=15), (month + timedelta(days=32)).replace(day=1)
    with database.transaction() as tx:
        tx.execute(text(f"DROP TABLE {this_month()}"))
        values = f"FROM ('{middle.isoformat()}') TO ('{following.isoformat()}')"
        tx.execute(text(f"CREATE TABLE {BY_HAND} PARTITION OF media_snapshots FOR VALUES {values}"))
        guard_partition(tx, "media_snapshots", BY_HAND)


def exists(database: Database, table: str) -> bool:
    with database.transaction() as tx:
        return tx.execute(text("SELECT to_regclass(:name)"), {"name": table}).scalar_one() is not None
