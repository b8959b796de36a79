"""The scheduler's loop: sleep until the next row falls due, dispatch, sleep again.

Any number of schedulers run side by side; they share the work by SKIP LOCKED and need no leader. A notice from a
writer wakes the loop early, and a lost notice costs at most the longest nap.
"""

from __future__ import annotations

import gc
import threading
from datetime import datetime

import psycopg
from sqlalchemy.exc import DBAPIError

from models.owed.claims import LONGEST_NAP_S
from models.owed.lookout import Lookout
from models.owed.presence import LOOK_EVERY_S, Absences
from models.store.server_clock import ClockWatch
from models.store.session import Database
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.network.broker import Broker
from pressrun.settings import Settings
from scheduler import upkeep
from scheduler.dispatch import Dispatcher
from scheduler.harvests import planning as harvesting
from scheduler.warnings import Warnings

BACKLOG_NAP_S = 0.05
TROUBLE_NAP_S = 1.0

_log = log.get(__name__)


def make_ready() -> None:
    """Before the loop of a process: do what would hold up a turn of it, and with it the posts that fall due.

    What was imported stays: a search for garbage would pass through all of it, some tens of milliseconds each time.
    """
    harvesting.read_standard_crons()
    gc.collect()
    gc.freeze()


class SchedulerLoop:
    """One scheduler. `run` returns when `stop` is set, within the longest nap."""

    def __init__(self, *, settings: Settings, database: Database, broker: Broker) -> None:
        self._settings = settings
        self._database = database
        self._dispatcher = Dispatcher(settings=settings, database=database, broker=broker)
        self._lookout = Lookout(database, hears=True)
        self._clock = ClockWatch(database)
        self._absences = Absences(database)
        self._absences_due = Deadline.after(0)
        self._upkeep_due: datetime | None = None
        self._warnings = Warnings(database, late_after=settings.late_after)
        self._warnings_due: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        _log.info("scheduler.started")
        in_trouble = False
        while not stop.is_set():
            try:
                nap_s = self._turn()
                if in_trouble:
                    _log.info("scheduler.database_up")
                in_trouble = False
            except (DBAPIError, psycopg.Error) as problem:
                if not in_trouble:
                    _log.warning("scheduler.database_down", error=str(problem).splitlines()[0])
                in_trouble = True
                self._lookout.close()
                self._absences.forget()
                stop.wait(TROUBLE_NAP_S)
                continue
            self._sleep(nap_s, stop)
        self._lookout.close()
        _log.info("scheduler.stopped")

    def _turn(self) -> float:
        """One pass; returns how long nothing will be due."""
        self._clock.turn()
        self._lookout.show_clock()
        now = clock.now()
        if self._upkeep_due is None or now >= self._upkeep_due:
            self._upkeep_due = upkeep.run(
                self._database,
                now=now,
                keep_months=self._settings.keep_history,
                raw_answers=self._settings.raw_answers,
                media=self._settings.home / "media",
                keep_files=self._settings.keep_files,
            )
        if self._warnings_due is None or now >= self._warnings_due:
            self._warnings_due = self._warnings.run(now=now)
        if self._absences_due.passed:
            self._absences.note(self._lookout.absent_holders())
            self._absences_due = Deadline.after(LOOK_EVERY_S)
        # Nearly every turn of an idle system ends with this one look at the tops of the indexes.
        due = self._lookout.seconds_until_each_is_due()
        due_in_s = min(due.values(), default=None)
        if due_in_s is None or due_in_s > 0:
            return _nap_s(due_in_s)
        done = self._dispatcher.round({table for table, due_in_s in due.items() if due_in_s <= 0})
        with self._database.look() as tx:
            planned = harvesting.plan(tx, now=now)
        if planned:
            return 0.0
        if not done.broker_is_up:
            return TROUBLE_NAP_S
        return BACKLOG_NAP_S if done.has_backlog else _nap_s(self._lookout.seconds_until_due())

    def _sleep(self, nap_s: float, stop: threading.Event) -> None:
        if nap_s <= 0 or stop.is_set():
            return
        try:
            self._lookout.wait(nap_s)
        except psycopg.Error:
            self._lookout.close()
            stop.wait(min(nap_s, BACKLOG_NAP_S))


def _nap_s(due_in_s: float | None) -> float:
    if due_in_s is None:
        return LONGEST_NAP_S
    # What is overdue and was not claimed belongs to another scheduler at this very moment.
    return min(max(due_in_s, 0.001), LONGEST_NAP_S)
