"""The partition of this month, and how it comes that it is missing and cannot be made."""

from __future__ import annotations

from sqlalchemy import text

from models.session import Database
from pressrun import clock

BY_HAND = "media_snapshots_by_hand"


def this_month() -> str:
    return f"media_snapshots_{clock.now():%Y_%m}"


def rename_this_month(database: Database) -> None:
    """As if somebody had made it by hand: the one that is missing would overlap with it."""
    with database.transaction() as tx:
        tx.execute(text(f"ALTER TABLE {this_month()} RENAME TO {BY_HAND}"))


def exists(database: Database, table: str) -> bool:
    with database.transaction() as tx:
        return tx.execute(text("SELECT to_regclass(:name)"), {"name": table}).scalar_one() is not None
