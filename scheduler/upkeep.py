"""What must be done now and then so that the rest can go on: partitions made ahead, raw answers dropped in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.partitions import ensure_partitions
from models.raw_answer import roll_days
from models.session import Database
from pressrun import log
from scheduler.harvesting import add_missing_harvests

EVERY = timedelta(hours=6)
AGAIN_AFTER = timedelta(minutes=1)
"""When it could not be done; partitions are made months ahead, so there is time."""

_log = log.get(__name__)


def run(database: Database, *, now: datetime, raw_answers: timedelta = timedelta(days=30)) -> datetime:
    """Do the upkeep; returns when it is due again. Several schedulers may do it at once.

    `raw_answers`: how long these are kept.

    It never raises what the database says, and never waits long: posts fall due meanwhile.
    """
    try:
        with database.transaction() as tx:
            # A new partition waits for whoever reads the history, a backup for example.
            tx.execute(text("SET LOCAL lock_timeout = '300ms'"))
            made = ensure_partitions(tx, now=now)
        with database.transaction() as tx:
            tx.execute(text("SET LOCAL lock_timeout = '300ms'"))
            rolled = roll_days(tx, now=now, keep=raw_answers)
            added = add_missing_harvests(tx)
    except DBAPIError as problem:
        _log.warning("upkeep.failed", error=str(problem.orig or problem))
        return now + AGAIN_AFTER
    if made:
        _log.info("upkeep.partitions_made", names=made)
    if rolled:
        _log.info("upkeep.raw_answers_rolled", names=rolled)
    if added:
        _log.info("upkeep.harvests_added", count=added)
    return now + EVERY
