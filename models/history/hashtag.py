"""Hashtags: which media were on top of one, and the budget of 30 different ones in 7 days (graph-api.md §5.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import lock_account
from models.store.base import Base
from models.store.types import Instant, Str

BUDGET = 30
"""Different hashtags that an account may look at within WINDOW; looking at the same one again is free."""
WINDOW = timedelta(days=7)
_SLACK = timedelta(minutes=5)
"""Instagram's clock is not ours."""


class HashtagSearch(Base):
    """The budget: one row per account and hashtag, written before Instagram is asked."""

    __tablename__ = "hashtag_searches"

    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), primary_key=True)
    name: Mapped[Str] = mapped_column(primary_key=True)
    searched_at: Mapped[Instant]
    """The last time: whether the first or the last look counts is not said, so the later one does."""


class HashtagTop(Base):
    """The order of the most popular media, a row whenever it changed. Append-only."""

    __tablename__ = "hashtag_tops"
    __table_args__ = (
        Index("ix_hashtag_tops_captured_at", "captured_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (captured_at)"},
    )

    watch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    ig_ids: Mapped[list[Any]] = mapped_column(JSONB)
    """`public_media.ig_id` of each, the first on top."""
    run_id: Mapped[int | None] = mapped_column(BigInteger)


def reserve_search(tx: Session, account_id: int, name: str, *, now: datetime, others: int = 0) -> datetime | None:
    """Take a place in the budget before the hashtag is looked at.

    Args:
        others: hashtags that Instagram counts and that no row here knows: somebody else looked at them.

    Returns:
        None when the place is taken, which a repeated look at the same hashtag always is; else the first instant at
        which there can be one.
    """
    # Two workers that count at once would both find the last place free: the account's row lock puts them in a row.
    lock_account(tx, account_id)
    since = now - WINDOW - _SLACK
    rows = tx.execute(
        select(HashtagSearch.name, HashtagSearch.searched_at)
        .where(HashtagSearch.account_id == account_id, HashtagSearch.searched_at > since)
        .order_by(HashtagSearch.searched_at)
    ).all()
    if all(row.name != name for row in rows) and len(rows) + others >= BUDGET:
        return rows[0].searched_at + WINDOW + _SLACK if rows else now + WINDOW
    query = insert(HashtagSearch).values(account_id=account_id, name=name, searched_at=now)
    tx.execute(
        query.on_conflict_do_update(
            index_elements=[HashtagSearch.account_id, HashtagSearch.name],
            set_={"searched_at": func.greatest(HashtagSearch.searched_at, query.excluded.searched_at)},
        )
    )
    return None


def searched_names(tx: Session, account_id: int, *, now: datetime) -> set[str]:
    """The hashtags that hold a place in the budget."""
    query = select(HashtagSearch.name).where(
        HashtagSearch.account_id == account_id, HashtagSearch.searched_at > now - WINDOW - _SLACK
    )
    return set(tx.scalars(query))


# The row of the watch is the lock: two readings of one list follow each other. An older one is a point too, where it
# differs from the order before it and the same run has not stored it a moment later.
_STORE_TOP = text("""
    INSERT INTO hashtag_tops (watch_id, captured_at, ig_ids, run_id)
    SELECT w.id, :captured_at, CAST(:ig_ids AS jsonb), CAST(:run_id AS bigint)
      FROM (SELECT id FROM watches WHERE id = :watch_id FOR NO KEY UPDATE) w
      LEFT JOIN LATERAL (SELECT ig_ids, captured_at FROM hashtag_tops
                          WHERE watch_id = w.id AND captured_at <= :captured_at
                          ORDER BY captured_at DESC LIMIT 1) before ON true
      LEFT JOIN LATERAL (SELECT ig_ids, run_id FROM hashtag_tops
                          WHERE watch_id = w.id AND captured_at > :captured_at
                          ORDER BY captured_at LIMIT 1) after ON true
     WHERE before.ig_ids IS DISTINCT FROM CAST(:ig_ids AS jsonb)
       AND (after.run_id = :run_id AND after.ig_ids = CAST(:ig_ids AS jsonb)) IS NOT TRUE
    ON CONFLICT DO NOTHING
""")


def store_top(tx: Session, watch_id: int, ig_ids: Sequence[str], *, captured_at: datetime, run_id: int | None) -> int:
    """Add the order of the top media if it has changed; returns how many rows were written. An empty one is unknown."""
    if not ig_ids:
        return 0
    result: Any = tx.execute(
        _STORE_TOP,
        {"watch_id": watch_id, "captured_at": captured_at, "ig_ids": json.dumps(list(ig_ids)), "run_id": run_id},
    )
    return int(result.rowcount)
