"""Which workers and schedulers there are, and whose clock is wrong, as the database sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.store.server_clock import SENDS_WITHIN, SHOWN
from pressrun.network.hints import Queue

SCHEDULER: Final = "scheduler"

_NAMES = text("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")


def has_worker(tx: Session, queue: Queue) -> bool:
    """Whether a worker of the queue is connected. Only a hint: claims keep two of them apart anyway."""
    names = list(tx.scalars(_NAMES))
    return any(name.startswith("pressrun worker") and queue.value in name for name in names)


def absent_services(tx: Session) -> set[str]:
    """`scheduler`, and the queues, that no process is connected for."""
    names = list(tx.scalars(_NAMES))
    absent = {SCHEDULER} if not any("scheduler" in name for name in names) else set()
    serving = [name for name in names if "worker" in name]
    return absent | {queue.value for queue in Queue if not any(queue.value in name for name in serving)}


@dataclass(frozen=True)
class WrongClock:
    """A process whose machine's clock is off. `ahead_s` is negative when it is behind."""

    process: str
    """What it is, and where: `worker publish at machine:4711`."""
    ahead_s: int

    @property
    def sends_nothing(self) -> bool:
        return abs(self.ahead_s) > SENDS_WITHIN.total_seconds()


def wrong_clocks(tx: Session) -> list[WrongClock]:
    """The services that are running now and have told that their clock is off (`models/store/server_clock.py`)."""
    found = (re.fullmatch(rf"{SHOWN} ([+-]\d+)s (\S+) (.*)", name) for name in tx.scalars(_NAMES))
    return sorted(
        (WrongClock(f"{one[3]} at {one[2]}", int(one[1])) for one in found if one), key=lambda one: one.process
    )
