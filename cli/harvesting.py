"""Runs harvests now and waits for them: by the workers that are there, else in this process. For CLI and demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from cli.runtime import Runtime, media_base_url
from cli.waiting import until
from models.account import find_account
from models.claims import WORKS, Work, claim_due
from models.harvest import HarvestKind, RunStatus
from pressrun.hints import Queue
from scheduler.harvesting import HarvestStatus, harvest_status, request_run

NOBODY_AFTER_S = 10.0
"""How long a due harvest may lie there before this process takes it up itself."""
PATIENCE_S = 60.0
"""A harvest that is put off for longer is not waited for."""
WAITING = "waiting"
"""The status of one that is put off: its slot is kept and run later."""

_LOOK_EVERY_S = 0.25
_THREADS = 4

Progress = Callable[[int, int], None]
"""Called with how many of how many are settled."""


def request(here: Runtime, account: str | None, kind: HarvestKind | None) -> list[int]:
    """Make the harvests due; returns their ids. Raises UsageError for an unknown account."""
    with here.database.transaction() as tx:
        account_id = find_account(tx, account).id if account is not None else None
        return request_run(tx, account_id, kind)


def await_runs(here: Runtime, ids: Sequence[int], *, on_progress: Progress) -> list[dict[str, Any]]:
    """Wait until each is done, failed or put off; then one row for each: account, kind, status, calls, rows, errors."""
    watch = _Watch(here, ids, on_progress)
    patience_s = NOBODY_AFTER_S if _has_worker(here) else 0.0
    if not until(watch.is_taken_up, every_s=_LOOK_EVERY_S, seconds=patience_s):
        with _hands(here, ids) as work:
            until(lambda: work() or watch.is_over(), every_s=_LOOK_EVERY_S)
    until(watch.is_over, every_s=_LOOK_EVERY_S)
    with here.database.transaction() as tx:
        return [_row(one) for one in harvest_status(tx, ids)]


@dataclass(frozen=True)
class _Look:
    """How the requested harvests stand at one moment."""

    claims: tuple[int, ...]
    open: int
    """How many are still to be waited for."""
    is_any_held: bool


class _Watch:
    """Looks at the requested harvests, and tells of every change."""

    def __init__(self, here: Runtime, ids: Sequence[int], on_progress: Progress) -> None:
        self._here, self._ids, self._on_progress = here, list(ids), on_progress
        self._first = self._last = self._look()

    def is_over(self) -> bool:
        look = self._look()
        if look.open != self._last.open:
            self._on_progress(len(self._ids) - look.open, len(self._ids))
        self._last = look
        return look.open == 0

    def is_taken_up(self) -> bool:
        return self.is_over() or self._last.is_any_held or self._last.claims != self._first.claims

    def _look(self) -> _Look:
        with self._here.database.transaction() as tx:
            rows = tx.execute(_STANDING, {"ids": self._ids}).all()
        return _Look(
            claims=tuple(row.claim for row in rows),
            open=sum(1 for row in rows if row.is_pending and (row.is_held or row.due_in_s <= PATIENCE_S)),
            is_any_held=any(row.is_held for row in rows),
        )


_STANDING = text("""
    SELECT claim, coalesce(leased_until > now(), false) AS is_held, coalesce(slot_at <= now(), false) AS is_pending,
           coalesce(extract(epoch FROM next_action_at - now())::float8, 0) AS due_in_s
      FROM harvests WHERE id = ANY(:ids) ORDER BY id
""")


def _has_worker(here: Runtime) -> bool:
    """Whether a worker of the harvest queue is connected. Only a hint: claims keep two runners apart anyway."""
    query = text("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")
    with here.database.transaction() as tx:
        names = list(tx.scalars(query))
    return any(name.startswith("pressrun worker") and Queue.HARVEST.value in name for name in names)


@contextmanager
def _hands(here: Runtime, ids: Sequence[int]) -> Iterator[Callable[[], bool]]:
    """Does what a worker would do, with exactly these harvests: each call takes up some, and says False."""
    from worker.app import make_context
    from worker.boundary import perform
    from worker.tasks import STEPS

    ours = _only(ids)
    lease_s = here.settings.hint_lease.total_seconds()
    context = make_context(
        here.settings,
        database_url=here.database_url,
        concurrency=_THREADS,
        media_base_url=media_base_url(here.settings),
        queues=(Queue.HARVEST,),
    )

    def work() -> bool:
        with here.database.transaction() as tx:
            hints = claim_due(tx, ours, limit=_THREADS, lease_s=lease_s)
        list(pool.map(lambda hint: perform(context, STEPS, hint), hints))
        return False

    try:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="harvest") as pool:
            try:
                yield work
            finally:
                context.stopping.set()  # interrupted, a harvest makes no further call; its slot is kept
    finally:
        context.transport.close()
        context.database.close()


def _only(ids: Sequence[int]) -> Work:
    work = next(work for work in WORKS if work.queue is Queue.HARVEST)
    return replace(work, extra=f"{work.extra} AND r.id IN ({', '.join(str(int(one)) for one in ids)})")


def _row(one: HarvestStatus) -> dict[str, Any]:
    # What is put off is not done, whatever an earlier run said.
    is_put_off = one.is_pending and one.status != RunStatus.FAILED.value
    return {
        "account": one.account,
        "kind": one.kind,
        "status": WAITING if is_put_off else one.status,
        "calls": one.calls,
        "rows": one.rows,
        "errors": one.errors or [],
        "next_action_at": one.next_action_at,
    }
