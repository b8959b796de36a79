"""Running the same thing several times at one moment, for tests of what may happen only once; or beside a vacuum."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text

from models.store.session import Database
from tests.support.waiting import until

T = TypeVar("T")

_PATIENCE_S = 60.0


def race(runners: Sequence[Callable[[], T]]) -> list[T]:
    """Run all of them from one starting line, each in a thread of its own; what each returned, in order.

    Raises the first exception that one of them raised.
    """
    line = threading.Barrier(len(runners))

    def run(runner: Callable[[], T]) -> T:
        line.wait(_PATIENCE_S)
        return runner()

    with ThreadPoolExecutor(len(runners)) as pool:
        running = [pool.submit(run, runner) for runner in runners]
        return [one.result(_PATIENCE_S) for one in running]


def after_a_vacuum(database: Database, table: str, act: Callable[[], T]) -> T:
    """What it returns, begun while a vacuum is at that table, which ends once it is waited for.

    The servers of the suite have no autovacuum; its lock is this one, which nothing that reads or writes notices.
    """
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def waits() -> bool:
        with database.transaction() as tx:
            return bool(tx.execute(waiting).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as tx:
            tx.execute(text(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE"))
            running = pool.submit(act)
            until(lambda: waits() or running.done(), _PATIENCE_S, "nobody waits for the vacuum, or ends")
            assert not running.done(), "it did not wait for the vacuum"
        return running.result(_PATIENCE_S)
