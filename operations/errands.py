"""Errands: rows of owed work that somebody waits for, done by the workers that are there.

Where none takes them up, the face lends hands: a worker that runs for as long as the errand lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from models.owed.works import WORKS, Work
from models.reading.upkeep.owed import Owed, owed
from models.reading.upkeep.workers import has_worker
from operations.operation import Context
from pressrun.clock import Deadline
from pressrun.network.hints import Queue
from pressrun.waiting import until

NOBODY_AFTER_S = 10.0
"""How long a due row may lie there, though a worker of its queue is connected, before hands are lent."""
PATIENCE_S = 60.0
"""A row that is put off for longer is not waited for."""

_LOOK_EVERY_S = 0.25

Hands = Callable[[Queue], AbstractContextManager[Callable[[], None]]]
"""Lends a worker of that queue. What the context gives is called again and again; it raises when there is none."""


@dataclass(frozen=True)
class Errand:
    """Rows of one kind of work."""

    work: Work
    ids: tuple[int, ...]

    @classmethod
    def of(cls, name: str, ids: Sequence[int]) -> Errand:
        """`name` as in `models.owed.works.WORKS`."""
        return cls(next(work for work in WORKS if work.name == name), tuple(ids))


def await_errand(ctx: Context, errand: Errand, *, on_look: Callable[[int], None], hands: Hands) -> None:
    """Wait until each row is done or put off. `on_look` is told again and again how many are left."""
    queue = errand.work.queue
    with ctx.database.transaction() as tx:
        patience_s = NOBODY_AFTER_S if has_worker(tx, queue) else 0.0
    watch = _Watch(ctx, errand, on_look, patience_s)
    until(lambda: watch.is_over() or watch.is_left_alone, every_s=_LOOK_EVERY_S)
    if watch.left == 0:
        return
    with hands(queue) as check:

        def is_over() -> bool:
            check()
            return watch.is_over()

        until(is_over, every_s=_LOOK_EVERY_S)


class _Watch:
    """Looks at the rows, and tells of every look."""

    def __init__(self, ctx: Context, errand: Errand, on_look: Callable[[int], None], patience_s: float) -> None:
        self._ctx, self._errand, self._on_look, self._patience_s = ctx, errand, on_look, patience_s
        self._claims: list[int] | None = None
        self._patience = Deadline.after(patience_s)
        self.left = len(errand.ids)
        """How many are still to be waited for."""
        self.is_left_alone = False
        """Something is due, and nobody takes anything up."""

    def is_over(self) -> bool:
        with self._ctx.database.transaction() as tx:
            rows = owed(tx, self._errand.work, self._errand.ids)
        self._look_for_life(rows)
        self.left = sum(_is_awaited(row) for row in rows)
        self._on_look(self.left)
        return self.left == 0

    def _look_for_life(self, rows: Sequence[Owed]) -> None:
        claims = [row.claim for row in rows]
        has_moved = self._claims is not None and claims != self._claims
        is_due = any(row.is_pending and row.due_in_s <= 0 for row in rows)
        is_quiet = is_due and not has_moved and not any(row.is_held for row in rows)
        if not is_quiet:
            self._patience = Deadline.after(self._patience_s)
        self.is_left_alone = is_quiet and self._patience.passed
        self._claims = claims


def _is_awaited(row: Owed) -> bool:
    return row.is_pending and (row.is_held or row.due_in_s <= PATIENCE_S)
