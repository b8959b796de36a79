"""What must be done now and then so that the rest can go on: partitions made ahead, what is too old dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.connecting.connection import expire_connections
from models.harvests.raw_answer import roll_days
from models.hooks.subscription import add_missing_subscriptions
from models.news.coverage import forget_news
from models.store.partitions import ensure_partitions
from models.store.session import Database
from models.tokens.care import add_missing_care
from models.upkeep.retention import drop_month, kept_since, old_partitions
from models.upkeep.sweeping import sweep
from pressrun import log
from pressrun.media.store import MediaStore
from scheduler.harvests.planning import add_missing_harvests
from scheduler.library import drop_files

EVERY = timedelta(hours=6)
AGAIN_AFTER = timedelta(minutes=1)
"""When it could not be done; partitions are made months ahead, so there is time."""
SWEEP_AGAIN_AFTER = timedelta(seconds=2)
SWEPT_AT_ONCE = 500
"""Old rows that go in one turn, some milliseconds: posts fall due meanwhile. 900,000 in an hour."""

_log = log.get(__name__)


def run(
    database: Database,
    *,
    now: datetime,
    keep_months: int | None = None,
    raw_answers: timedelta = timedelta(days=30),
    media: Path | None = None,
    keep_files: timedelta | None = None,
) -> datetime:
    """Do the upkeep; returns when it is due again. Several schedulers may do it at once.

    It never raises what the database says, and never waits long: posts fall due meanwhile.

    Args:
        keep_months: whole months of history to keep before the one that is running; None keeps all.
        raw_answers: how long Instagram's answers are kept as they came.
        media: the folder of kept media, whose files go that nothing needs any more; None leaves it alone.
        keep_files: how long those stay that the library has not let go; None: for ever.
    """
    has_more = False
    try:
        with _hurried(database) as tx:
            made = ensure_partitions(tx, now=now)
        with _hurried(database) as tx:
            rolled = roll_days(tx, now=now, keep=raw_answers)
            added = add_missing_harvests(tx)
            add_missing_care(tx)
            expire_connections(tx, now=now)
            subscribed = add_missing_subscriptions(tx, now=now)
            forget_news(tx, now=now)
        if keep_months is not None:
            _drop_old(database, now=now, keep_months=keep_months)
            has_more = _sweep(database, now=now, keep_months=keep_months)
        if media is not None:
            _clear_up(database, MediaStore(media), now=now, keep=keep_files)
    except DBAPIError as problem:
        _log.warning("upkeep.failed", error=str(problem.orig or problem))
        return now + AGAIN_AFTER
    _tell(made, rolled, added, subscribed)
    return now + (SWEEP_AGAIN_AFTER if has_more else EVERY)


def _tell(made: Sequence[str], rolled: Sequence[str], added: int, subscribed: int) -> None:
    if made:
        _log.info("upkeep.partitions_made", names=made)
    if rolled:
        _log.info("upkeep.raw_answers_rolled", names=rolled)
    if added:
        _log.info("upkeep.harvests_added", count=added)
    if subscribed:
        _log.info("upkeep.subscriptions_added", count=subscribed)


def _clear_up(database: Database, store: MediaStore, *, now: datetime, keep: timedelta | None) -> None:
    try:
        drop_files(database, store, now=now, keep=keep)
    except OSError as problem:
        _log.warning("upkeep.files_failed", error=str(problem))


def _sweep(database: Database, *, now: datetime, keep_months: int) -> bool:
    """Whether there may be more to take."""
    with _hurried(database) as tx:
        gone = sweep(tx, before=kept_since(now, months=keep_months), now=now, limit=SWEPT_AT_ONCE)
    if gone:
        _log.warning("upkeep.rows_dropped", keep_months=keep_months, **gone)
    return sum(gone.values()) == SWEPT_AT_ONCE


def _drop_old(database: Database, *, now: datetime, keep_months: int) -> None:
    """Each month in a transaction of its own: one that somebody reads must not keep the others."""
    with database.transaction() as tx:
        names = old_partitions(tx, before=kept_since(now, months=keep_months))
    for name in names:
        with _hurried(database) as tx:
            dropped = drop_month(tx, name, now=now)
        if dropped is not None:
            _log.warning("upkeep.month_dropped", name=name, bytes=dropped.bytes, keep_months=keep_months)


@contextmanager
def _hurried(database: Database) -> Iterator[Session]:
    with database.transaction() as tx:
        # A partition waits for whoever reads the history, a backup for example.
        tx.execute(text("SET LOCAL lock_timeout = '300ms'"))
        yield tx
