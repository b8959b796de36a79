"""Rows of owed work that a command waits for: done by the workers that are there, else in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import text

from machine.runtime import Runtime, media_base_url
from models.claims import WORKS, Work, claim_due
from pressrun.hints import Queue
from pressrun.waiting import until

NOBODY_AFTER_S = 10.0
"""How long a due row may lie there before this process takes it up itself."""
PATIENCE_S = 60.0
"""A row that is put off for longer is not waited for."""

_LOOK_EVERY_S = 0.25
_THREADS = 4


@dataclass(frozen=True)
class Errand:
    """Rows of one kind of work. `is_pending`: the SQL condition under which one is not done."""

    work: Work
    ids: tuple[int, ...]
    is_pending: str

    @classmethod
    def of(cls, name: str, ids: list[int], *, is_pending: str) -> Errand:
        return cls(next(work for work in WORKS if work.name == name), tuple(ids), is_pending)


def run_errand(here: Runtime, errand: Errand, *, on_look: Callable[[int], None]) -> None:
    """Wait until each row is done or put off. `on_look` is told again and again how many are left."""
    watch = _Watch(here, errand, on_look)
    patience_s = NOBODY_AFTER_S if _has_worker(here, errand.work.queue) else 0.0
    if not until(watch.is_taken_up, every_s=_LOOK_EVERY_S, seconds=patience_s):
        with _hands(here, errand) as work:
            until(lambda: work() or watch.is_over(), every_s=_LOOK_EVERY_S)
    until(watch.is_over, every_s=_LOOK_EVERY_S)


@dataclass(frozen=True)
class _Look:
    """How the rows stand at one moment."""

    claims: tuple[int, ...]
    open: int
    """How many are still to be waited for."""
    is_any_held: bool


class _Watch:
    """Looks at the rows, and tells of every look."""

    def __init__(self, here: Runtime, errand: Errand, on_look: Callable[[int], None]) -> None:
        self._here, self._ids, self._on_look = here, list(errand.ids), on_look
        self._standing = text(f"""
            SELECT claim, coalesce(leased_until > now(), false) AS is_held, {errand.is_pending} AS is_pending,
                   coalesce(extract(epoch FROM next_action_at - now())::float8, 0) AS due_in_s
              FROM {errand.work.table} WHERE id = ANY(:ids) ORDER BY id
        """)  # noqa: S608 - constants
        self._first = self._last = self._look()

    def is_over(self) -> bool:
        self._last = self._look()
        self._on_look(self._last.open)
        return self._last.open == 0

    def is_taken_up(self) -> bool:
        return self.is_over() or self._last.is_any_held or self._last.claims != self._first.claims

    def _look(self) -> _Look:
        with self._here.database.transaction() as tx:
            rows = tx.execute(self._standing, {"ids": self._ids}).all()
        return _Look(
            claims=tuple(row.claim for row in rows),
            open=sum(1 for row in rows if row.is_pending and (row.is_held or row.due_in_s <= PATIENCE_S)),
            is_any_held=any(row.is_held for row in rows),
        )


def _has_worker(here: Runtime, queue: Queue) -> bool:
    """Whether a worker of the queue is connected. Only a hint: claims keep two runners apart anyway."""
    query = text("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")
    with here.database.transaction() as tx:
        names = list(tx.scalars(query))
    return any(name.startswith("pressrun worker") and queue.value in name for name in names)


@contextmanager
def _hands(here: Runtime, errand: Errand) -> Iterator[Callable[[], bool]]:
    """Does what a worker would do, with exactly these rows: each call takes up some, and says False."""
    from worker.app import make_context
    from worker.boundary import perform
    from worker.tasks import STEPS

    named = ", ".join(str(int(one)) for one in errand.ids)
    ours = replace(errand.work, extra=f"{errand.work.extra} AND r.id IN ({named})")
    lease_s = here.settings.hint_lease.total_seconds()
    context = make_context(
        here.settings,
        database_url=here.database_url,
        concurrency=_THREADS,
        media_base_url=media_base_url(here.settings),
        queues=(errand.work.queue,),
    )

    def work() -> bool:
        with here.database.transaction() as tx:
            hints = claim_due(tx, ours, limit=_THREADS, lease_s=lease_s)
        list(pool.map(lambda hint: perform(context, STEPS, hint), hints))
        return False

    try:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix=errand.work.name) as pool:
            try:
                yield work
            finally:
                context.stopping.set()  # interrupted, a step makes no further call; what it owes is kept
    finally:
        context.transport.close()
        context.database.close()
