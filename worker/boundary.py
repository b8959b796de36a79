"""The edge of every task: take the claim, run the step, and turn whatever was not planned into a row that falls due.

There is no retry here: a row whose step failed falls due again by itself, or is given back as soon as the database that
went away is there. A step that finds its claim passed on, or the gate shut, raises that; what follows is decided here,
once for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from models.owed import claims
from models.owed.claims import ClaimLost, Lease
from models.owed.works import TABLE_OF_TASK
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.network.hints import Hint, Task
from worker.context import GateShut, WorkerContext

Step = Callable[[WorkerContext, Lease], None]
Begun = tuple[Lease, Step]
"""A row that is taken, and what is to be done with it."""


@dataclass(frozen=True)
class Direct:
    """A step that can take its row and begin in one, where nothing stands in the way; else it is run like any other."""

    begin: Callable[[WorkerContext, Hint], Begun | None]
    """None: nothing was changed."""
    run: Step

    def __call__(self, ctx: WorkerContext, lease: Lease) -> None:
        self.run(ctx, lease)


CRASHED_AGAIN_AFTER = timedelta(seconds=30)
_ASK_AGAIN_S = 0.25
_PASSING = ("08", "57P", "40", "25006", "25P03", "55P03")
"""SQLSTATEs of what another try may not meet: a connection or server that ended, a deadlock, one that takes no writes
after a failover, a session that stalled, a lock waited for in vain.
"""

_CLAIM_LOST: Mapping[str, str] = {
    "harvests": "harvest.claim_lost",
    "backfills": "backfill.claim_lost",
    "inbox_events": "inbox.claim_lost",
    "replies": "reply.claim_lost",
}
"""Table → event, for those that do not share one."""

_log = log.get(__name__)


def perform(ctx: WorkerContext, steps: Mapping[Task, Step], hint: Hint) -> bool:
    """Run the step that a hint names; False when the hint was stale. Never raises an Exception."""
    return _run(ctx, hint, lambda: _begin(ctx, steps[hint.task], TABLE_OF_TASK[hint.task], hint))


def go_on(ctx: WorkerContext, hint: Hint, begin: Callable[[], Begun]) -> None:
    """The same with a row that was taken with others; `begin` gives it, or raises what came in between."""
    _run(ctx, hint, begin)


def _run(ctx: WorkerContext, hint: Hint, begin: Callable[[], Begun | None]) -> bool:
    lease: Lease | None = None
    with structlog.contextvars.bound_contextvars(task=hint.task.value, row=hint.id, claim=hint.claim):
        try:
            begun = begin()
            if begun is None:
                _log.debug("step.stale_hint")
                return False
            lease, step = begun
            carry_out(ctx, step, lease)
        except DBAPIError as problem:
            # There is nobody to tell while the database is away.
            _log.warning("step.database_trouble", error=str(problem.orig or problem))
            if _is_passing(problem):
                # Whether the row was taken is not known when it is the taking that failed.
                held = [lease.claim] if lease is not None else [hint.claim + 1, hint.claim]
                _give_back(ctx, TABLE_OF_TASK[hint.task], hint.id, held)
        except Exception:
            _log.exception("step.crashed")
        return True


def _begin(ctx: WorkerContext, step: Step, table: str, hint: Hint) -> Begun | None:
    if isinstance(step, Direct) and not ctx.stopping.is_set():
        begun = step.begin(ctx, hint)
        if begun is not None:
            return begun
    lease = _take(ctx, table, hint)
    return None if lease is None else (lease, step)


def _take(ctx: WorkerContext, table: str, hint: Hint) -> Lease | None:
    with ctx.database.transaction() as tx:
        if ctx.stopping.is_set():
            claims.give_back(tx, table, hint.id, hint.claim)
            return None
        lease_s = ctx.settings.lease.total_seconds()
        return claims.take(tx, table, hint.id, hint.claim, lease_s=lease_s, holder=ctx.holder)


def carry_out(ctx: WorkerContext, step: Step, lease: Lease) -> None:
    """Run a step on a row that is taken. Raises what the database raises, and nothing else."""
    try:
        step(ctx, lease)
    except ClaimLost as lost:
        _log.info(_CLAIM_LOST.get(lease.table, "step.claim_lost"), reason=str(lost))
    except DBAPIError:
        raise
    except GateShut as shut:
        _finish(ctx, lease, shut.until - clock.now())
    except Exception:
        _log.exception("step.crashed")
        # A row in the middle of a publish keeps its lease: it must not be taken for unsent any sooner.
        if lease.table != "posts":
            _finish(ctx, lease, CRASHED_AGAIN_AFTER)


def _finish(ctx: WorkerContext, lease: Lease, wait: timedelta) -> None:
    with ctx.database.transaction() as tx:
        claims.finish(tx, lease, next_action_at=clock.now() + max(wait, timedelta(seconds=1)))


def _is_passing(problem: DBAPIError) -> bool:
    """Whether the step failed for the database's sake and not for its own: given back, it would else fail for ever."""
    state = getattr(problem.orig, "sqlstate", None)
    return isinstance(problem, OperationalError) and (state is None or state.startswith(_PASSING))


def _give_back(ctx: WorkerContext, table: str, id_: int, held: Sequence[int]) -> None:
    """Make the row of a step that has ended due at once, as soon as the database answers.

    A row in the middle of a publish is then looked at by reading; it counts as unsent no sooner for it.
    """
    over = Deadline.after(ctx.settings.lease.total_seconds())
    while not over.passed:
        try:
            with ctx.database.transaction() as tx:
                if any(claims.give_back(tx, table, id_, claim) for claim in held):
                    claims.wake_schedulers(tx)
            return
        except OperationalError:
            if ctx.stopping.wait(_ASK_AGAIN_S):
                return  # the row falls due with the end of this process
