"""The workers' own pull: rows that are overdue although a scheduler should have sent them, claimed from Postgres, and
rows whose hints nobody takes.

With scheduler and broker healthy it finds nothing. With either gone, posts go out seconds late instead of not at all.
It needs nothing of Celery, and goes on while Celery looks for its broker.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from sqlalchemy.exc import DBAPIError

from models.harvests.company import one_of_each
from models.owed.claims import claim_due
from models.owed.lookout import Lookout
from models.owed.works import WORKS, Work
from models.store.server_clock import ClockWatch
from pressrun import log
from pressrun.network.hints import Hint, Queue, Task
from worker.boundary import Step, perform
from worker.context import WorkerContext
from worker.telling.silence import SchedulerWatch

OVERDUE_S = 1.0
LONGEST_NAP_S = 2.0
_SHORTEST_NAP_S = 0.25

_log = log.get(__name__)


class Puller:
    """A thread that looks for overdue rows, and a pool of its own that works on them."""

    def __init__(
        self, ctx: WorkerContext, steps: Mapping[Task, Step], queues: Sequence[Queue], *, concurrency: int
    ) -> None:
        self._ctx, self._steps, self._concurrency = ctx, steps, concurrency
        self._works = [work for work in WORKS if work.queue in queues]
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="pull")
        self._free = threading.Semaphore(concurrency)
        self._lookout = Lookout(ctx.database)
        self._clock = ClockWatch(ctx.database)
        self._silence = SchedulerWatch(ctx.database)
        self._thread = threading.Thread(target=self._run, name="puller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait for the steps that run. The context's `stopping` must be set before."""
        if self._thread.ident is not None:
            self._thread.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        nap_s = 0.0  # what is overdue at the start has waited long enough
        while not self._ctx.stopping.wait(nap_s):
            try:
                nap_s = self._turn()
            except (DBAPIError, psycopg.Error) as problem:
                nap_s = LONGEST_NAP_S
                self._lookout.close()
                _log.warning("pull.database_trouble", error=str(getattr(problem, "orig", problem)))
        self._lookout.close()

    def _turn(self) -> float:
        """Take what is overdue; returns how long nothing else will be."""
        self._clock.turn()
        self._silence.turn()
        self._lookout.show_clock()
        due_in_s = self._lookout.seconds_until_due()
        if due_in_s is None:
            return LONGEST_NAP_S
        if due_in_s <= -OVERDUE_S or self._lookout.has_unanswered():
            for work in self._works:
                self._look(work)
        return min(max(due_in_s + OVERDUE_S, _SHORTEST_NAP_S), LONGEST_NAP_S)

    def _look(self, work: Work) -> None:
        room = 0
        while room < self._concurrency and self._free.acquire(blocking=False):
            room += 1
        hints: list[Hint] = []
        try:
            if room:
                lease_s = self._ctx.settings.hint_lease.total_seconds()
                with self._ctx.database.transaction() as tx:
                    hints = claim_due(tx, work, limit=room, lease_s=lease_s, overdue_s=OVERDUE_S)
                    # Without a number those that were kept back could not be told from what somebody works on.
                    if work.table == "harvests" and self._ctx.holder is not None:
                        hints = one_of_each(tx, hints)
        finally:
            for _ in range(room - len(hints)):
                self._free.release()
        for hint in hints:
            self._pool.submit(self._work, hint)
        if hints:
            _log.info("pull.claimed", work=work.name, count=len(hints))

    def _work(self, hint: Hint) -> None:
        try:
            perform(self._ctx, self._steps, hint)
        finally:
            self._free.release()
