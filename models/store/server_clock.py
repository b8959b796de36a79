"""The database's clock: by it posts are due and late, whatever the clock of a machine says.

Each reading tells how far the process's own clock is off. That is kept (`pressrun/clock.py` puts `now()` right by it),
told beyond two seconds (in the log, and to `doctor` by the name of a session), and beyond half a minute nothing is sent
from the process any more: whoever set that clock may have meant something that cannot be guessed.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from models.store.session import Database
from pressrun import clock, log
from pressrun.clock import Deadline

TOLD_BEYOND = timedelta(seconds=2)
SENDS_WITHIN = timedelta(seconds=30)
MEASURED_EVERY_S = 60.0
SHOWN = "pressrun clock"
WATCHED_EVERY_S = 1.0
"""While it is off: whoever sets it right should not have to wait."""

_NOW = text("SELECT clock_timestamp()")
_log = log.get(__name__)


class Distance(StrEnum):
    """What the distance between the two clocks means."""

    NONE = "none"
    TOLD = "told"
    TOO_FAR = "too_far"


def read(tx: Session | Connection) -> datetime:
    """The database's time at this moment (not that of the transaction's begin). Measures our own clock by the way."""
    before = clock.own()
    then: datetime = tx.execute(_NOW).scalar_one()
    _keep(_behind(before, then, clock.own()))
    return then


def seen(before: datetime, then: datetime) -> None:
    """The database has said by the way what time it is; it was asked at `before`, by our own clock."""
    _keep(_behind(before, then, clock.own()))


def measure(database: Database) -> timedelta:
    """How far this machine's clock is behind the database's; negative when ahead. One round trip."""
    with database.glance() as connection:
        read(connection)
    return clock.offset()


def distance() -> Distance:
    """What the last measurement means for this process."""
    off = abs(clock.offset())
    if off <= TOLD_BEYOND:
        return Distance.NONE
    return Distance.TOLD if off <= SENDS_WITHIN else Distance.TOO_FAR


def describe() -> str:
    """The last measurement as a sentence for people."""
    off_s = clock.offset().total_seconds()
    return f"the clock of this machine is {abs(off_s):.0f} s {'behind' if off_s > 0 else 'ahead of'} the database's"


def shown_name(process: str) -> str | None:
    """What a process is called in `pg_stat_activity` while its clock is off, for whoever looks after all of them.

    That lasts just as long as the process does. Postgres keeps 63 bytes of it; `models/reading/upkeep/workers.py` reads
    it.
    """
    if distance() is Distance.NONE:
        return None
    ahead_s = -clock.offset().total_seconds()
    return f"{SHOWN} {ahead_s:+.0f}s {socket.gethostname()[:20]}:{os.getpid()} {process.removeprefix('pressrun ')}"


class ClockWatch:
    """Measures now and then: for the turns of a loop. Raises what the database raises."""

    def __init__(self, database: Database) -> None:
        self._database, self._due = database, Deadline.after(0)

    def turn(self) -> None:
        """Measure if it is time to."""
        if self._due.passed:
            measure(self._database)
            is_off = distance() is not Distance.NONE
            self._due = Deadline.after(WATCHED_EVERY_S if is_off else MEASURED_EVERY_S)


def _behind(before: datetime, then: datetime, after: datetime) -> timedelta:
    """Nothing when the answer lies between question and receipt: it proves no difference, however slow it was."""
    if before <= then <= after:
        return timedelta(0)
    return then - (before + (after - before) / 2)


def _keep(behind: timedelta) -> None:
    known = distance()
    clock.put_right(behind)
    found = distance()
    if found is known:
        return
    if found is Distance.TOO_FAR:
        _log.error("clock.too_far", behind_s=behind.total_seconds(), told=f"{describe()}: nothing is sent from here")
    elif found is Distance.TOLD:
        _log.warning("clock.off", behind_s=behind.total_seconds(), told=f"{describe()}: set it right")
    else:
        _log.info("clock.right")
