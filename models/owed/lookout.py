"""The standing look at what falls due next, and the ear for what newly does: what an idle system spends its time on.

One connection in autocommit, one query that Postgres has prepared: a fraction of what a transaction of the pool costs.
Not for several threads. Every method raises what the database raises; `close()` then makes the next one begin anew.
"""

from __future__ import annotations

from functools import cache

import psycopg

from models.owed.claims import UNANSWERED, WAKE_CHANNEL
from models.owed.known import known
from models.owed.presence import ABSENT
from models.owed.works import WORKS
from models.store import server_clock
from models.store.session import Database

# Harvests without a slot wait for the scheduler itself; they are due at once. Backfills and transfers beyond those that
# may run at once are not due: whoever ends a step of one wakes the schedulers.
_MAY_BEGIN = {
    work.table: f" AND (SELECT count(*) FROM {work.table} WHERE leased_until > now()) < {work.most_at_once}"  # noqa: S608
    for work in WORKS
    if work.most_at_once is not None
}
_TABLES = tuple(dict.fromkeys(work.table for work in WORKS))
_OWED = "SELECT min(next_action_at) FROM {table} WHERE next_action_at IS NOT NULL AND {known}{more}"
_SECONDS = "extract(epoch FROM ({owed}) - clock_timestamp())::float8"
_UNANSWERED = "EXISTS (SELECT FROM {table} WHERE leased_until IS NOT NULL AND {unanswered} AND {known})"


# What a newer release wrote keeps nobody awake who may not claim it.
@cache
def _seconds_until_due() -> str:
    owed = (_OWED.format(table=table, known=known(table), more=_MAY_BEGIN.get(table, "")) for table in _TABLES)
    return "SELECT " + ", ".join(_SECONDS.format(owed=one) for one in owed)


@cache
def _has_unanswered() -> str:
    unanswered = UNANSWERED.format(row="")
    found = (_UNANSWERED.format(table=table, unanswered=unanswered, known=known(table)) for table in _TABLES)
    return "SELECT " + " OR ".join(found)


class Lookout:
    """Connects with its first look. `hears`: notices of writers end a wait early."""

    def __init__(self, database: Database, *, hears: bool = False) -> None:
        self._database, self._hears = database, hears
        self._connection: psycopg.Connection | None = None
        self._clock_shown: str | None = None

    def show_clock(self) -> None:
        """Be called after the distance of this process's clock while it is off, for `doctor` to see."""
        name = server_clock.shown_name(self._database.application_name)
        if name != self._clock_shown:
            called = name or f"{self._database.application_name} lookout"
            self._connected().execute("SELECT set_config('application_name', %s, false)", (called,))
            self._clock_shown = name

    def seconds_until_due(self) -> float | None:
        """Seconds until the next row of any kind falls due; negative when one is overdue, None when nothing is owed."""
        return min(self.seconds_until_each_is_due().values(), default=None)

    def seconds_until_each_is_due(self) -> dict[str, float]:
        """The same of each table that owes anything."""
        row = self._connected().execute(_seconds_until_due()).fetchone() or ()
        return {table: float(due_in_s) for table, due_in_s in zip(_TABLES, row, strict=True) if due_in_s is not None}

    def has_unanswered(self) -> bool:
        """Whether a hint was sent that nobody has taken in its time."""
        row = self._connected().execute(_has_unanswered()).fetchone()
        return bool(row and row[0])

    def absent_holders(self) -> set[int]:
        """The numbers of workers that hold rows and are gone (`models/owed/presence.py`)."""
        return {int(row[0]) for row in self._connected().execute(ABSENT)}

    def wait(self, seconds: float) -> None:
        """Until that time has passed or a notice has come, whichever is first.

        A notice that was sent since the last look ends it at once: the connection has listened all the time.
        """
        connection = self._connected()
        for _notice in connection.notifies(timeout=seconds, stop_after=1):
            break
        for _notice in connection.notifies(timeout=0):  # one look answers them all
            pass

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection, self._clock_shown = None, None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = self._database.standing_connection(channel=WAKE_CHANNEL if self._hears else None)
        return self._connection
