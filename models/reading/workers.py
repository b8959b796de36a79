"""Which workers and schedulers there are, as the database sees them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from pressrun.hints import Queue

SCHEDULER: Final = "scheduler"

_NAMES = text("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")


def has_worker(tx: Session, queue: Queue) -> bool:
    """Whether a worker of the queue is connected. Only a hint: claims keep two of them apart anyway."""
    names = list(tx.scalars(_NAMES))
    return any(name.startswith("pressrun worker") and queue.value in name for name in names)


def absent_services(tx: Session) -> set[str]:
    """`scheduler`, and the queues, that no process is connected for."""
    names = list(tx.scalars(_NAMES))
    absent = {SCHEDULER} if not any(name.startswith("pressrun scheduler") for name in names) else set()
    serving = [name for name in names if name.startswith("pressrun worker")]
    return absent | {queue.value for queue in Queue if not any(queue.value in name for name in serving)}
