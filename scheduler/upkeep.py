"""What must be done now and then so that the rest can go on: partitions made ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.partitions import ensure_partitions
from models.session import Database
from pressrun import log

EVERY = timedelta(hours=6)

_log = log.get(__name__)


def run(database: Database, *, now: datetime) -> datetime:
    """Do the upkeep; returns when it is due again. Several schedulers may do it at once."""
    with database.transaction() as tx:
        made = ensure_partitions(tx, now=now)
    if made:
        _log.info("upkeep.partitions_made", names=made)
    return now + EVERY
