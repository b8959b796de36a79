"""Something under way in a thread of its own, up to where it waits for a lock of the database or is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text

from models.store.session import Database
from tests.support.waiting import until

_T = TypeVar("_T")


def under_way(pool: ThreadPoolExecutor, database: Database, work: Callable[[], _T]) -> Future[_T]:
    """It, once it waits for a lock, or is done."""
    running = pool.submit(work)
    until(lambda: running.done() or _waits(database), what="nothing waits")
    return running


def _waits(database: Database) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.transaction() as tx:
        return bool(tx.scalar(text(query)))
