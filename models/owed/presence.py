"""Presence: which worker processes the database knows to be there, and what becomes of the rows of one that is gone.

    Presence   each worker           a number, and a session that holds a lock on it for as long as the process lives
    take       each worker           notes the number on the row as its `holder` (`models/owed/claims.py`)
    Absences   schedulers, workers   make due what a holder has left behind, under a new claim number

Only time is won by it. A worker that is taken for gone by mistake has lost its claim: it can settle nothing, and sends
nothing more (`Presence.holds`). What it may have sent is found out by reading, and counts as unsent no sooner than the
settle time after its intent. For a holder whose end nobody sees, the lease stays the backstop.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.owed.claims import Lease, wake_schedulers
from models.owed.works import WORKS
from models.posts.event import Cause, record_event
from models.store.session import Database
from pressrun import log
from pressrun.clock import Deadline

GONE_AFTER_S = 4.0
"""How long a holder must be seen absent: a worker whose session broke, or whose Postgres restarted, is back by then."""
LOOK_EVERY_S = 1.0
_LOCK_CLASS = 7_303_002
"""The first half of the advisory locks; the second is the number. Any constant."""
_LARGEST = 2**31 - 1
_TABLES = tuple(dict.fromkeys(work.table for work in WORKS))

# Shared: a process that connects anew need not wait until the server has noticed the end of its old session.
_ENTER = "SELECT pg_advisory_lock_shared(%s, %s)"

# A machine that lost its power ends no session. The server asks soon whether it is still there, and waits for no more
# than 4 s; without effect on unix sockets, whose other end cannot vanish so.
_WATCHED = """
    SELECT set_config('tcp_keepalives_idle', '2', false), set_config('tcp_keepalives_interval', '1', false),
           set_config('tcp_keepalives_count', '2', false), set_config('tcp_user_timeout', '4000', false)
"""

_HOLDS = """
    SELECT EXISTS (SELECT FROM {table} WHERE id = %s AND claim = %s AND leased_until > now())
"""

_HELD = " UNION ".join(
    f"SELECT holder FROM {table} WHERE leased_until > now() AND holder IS NOT NULL"  # noqa: S608 - constants
    for table in _TABLES
)
# `objsubid` 2: a lock of two numbers.
ABSENT = f"""
    WITH held AS ({_HELD})
    SELECT holder FROM held
     WHERE NOT EXISTS (
        SELECT FROM pg_locks l
         WHERE l.locktype = 'advisory' AND l.classid = {_LOCK_CLASS} AND l.objid = CAST(held.holder AS oid)
           AND l.objsubid = 2 AND l.granted
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""  # noqa: S608 - constants
"""The holders of rows whose presence is not known."""

# SKIP LOCKED: a row that is locked is being worked on, or given back, at this very moment. The claim is raised, so that
# a holder that lives after all loses it.
_RELEASE = """
    WITH left_behind AS MATERIALIZED (
        SELECT id FROM {table} WHERE leased_until > now() AND holder = ANY(:holders) FOR UPDATE SKIP LOCKED
    )
    UPDATE {table} r SET claim = r.claim + 1, next_action_at = now(), leased_until = NULL, holder = NULL
      FROM left_behind
     WHERE r.id = left_behind.id
    RETURNING r.id, {state} AS state
"""

_log = log.get(__name__)


class Presence:
    """This process, as the database knows it. For several threads; it connects with the first question.

    The number is random: should two processes have the same, what one leaves behind waits for its lease.
    """

    def __init__(self, database: Database) -> None:
        self.number = secrets.randbelow(_LARGEST) + 1
        self._database = database
        self._session: psycopg.Connection | None = None
        self._asking = threading.Lock()

    def absent_holders(self) -> set[int]:
        """The numbers of holders that are gone. Asking keeps this process known. Raises psycopg.Error."""
        return {int(row[0]) for row in self._ask(ABSENT)}

    def holds(self, lease: Lease) -> bool:
        """Whether the database knows this process, and the lease as its own, at this moment.

        Asked right before a call that may be made once only: nobody takes the row from a process that is known. False
        also when the database cannot be asked.
        """
        for _ in range(2):  # a session that broke since the last question is replaced by a new one
            with suppress(psycopg.Error):
                return bool(self._ask(_HOLDS.format(table=lease.table), (lease.id, lease.claim))[0][0])
        return False

    def leave(self) -> None:
        """The end: what this process still holds falls due soon."""
        with self._asking:
            self._close()

    def _ask(self, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        with self._asking:
            try:
                if self._session is None:
                    self._session = self._database.standing_connection(role="presence")
                    self._session.execute(_WATCHED)
                    self._session.execute(_ENTER, (_LOCK_CLASS, self.number))
                return self._session.execute(query, parameters or None).fetchall()
            except psycopg.Error:
                self._close()
                raise

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


class Absences:
    """Since when holders have been seen absent; what they hold is given back once that has lasted. For one thread."""

    def __init__(self, database: Database, *, gone_after_s: float = GONE_AFTER_S) -> None:
        self._database, self._gone_after_s = database, gone_after_s
        self._gone: dict[int, Deadline] = {}

    def note(self, absent: Iterable[int]) -> int:
        """Those that are absent now; returns how many rows were given back. Raises what the database raises."""
        self._gone = {one: self._gone.get(one) or Deadline.after(self._gone_after_s) for one in absent}
        gone = [one for one, until in self._gone.items() if until.passed]
        if not gone:
            return 0
        with self._database.transaction() as tx:
            return release(tx, gone)

    def forget(self) -> None:
        """Nothing was seen for a while: an absence must last anew."""
        self._gone.clear()


def release(tx: Session, holders: Collection[int]) -> int:
    """Make due at once what these hold, unless they have come back; returns how many rows that were."""
    gone = sorted(set(holders).intersection(tx.scalars(text(ABSENT))))
    count = 0
    for table in _TABLES if gone else ():
        of_posts = table == "posts"
        sql = _RELEASE.format(table=table, state="r.state" if of_posts else "NULL")
        rows = tx.execute(text(sql), {"holders": gone}).all()
        for id_, state in rows if of_posts else ():
            told = Cause("worker.gone", "the worker that held the post is gone; another goes on with it")
            record_event(tx, id_, told, from_state=state, to_state=state)
        if rows:
            _log.info("presence.released", table=table, rows=[row.id for row in rows])
        count += len(rows)
    if count:
        wake_schedulers(tx)
    return count
