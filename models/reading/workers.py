"""Which workers there are, as the database sees them."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from pressrun.hints import Queue

_NAMES = text("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")


def has_worker(tx: Session, queue: Queue) -> bool:
    """Whether a worker of the queue is connected. Only a hint: claims keep two of them apart anyway."""
    names = list(tx.scalars(_NAMES))
    return any(name.startswith("pressrun worker") and queue.value in name for name in names)
