"""The edge of every task: take the claim, run the step, and turn whatever was not planned into a lease that runs out.

There is no retry here: a row whose step failed falls due again by itself. A step that finds its claim passed on, or the
gate shut, raises that; what follows is decided here, once for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from models import claims
from models.claims import TABLE_OF_TASK, ClaimLost, Lease
from pressrun import clock, log
from pressrun.hints import Hint, Task
from worker.context import GateShut, WorkerContext

Step = Callable[[WorkerContext, Lease], None]

CRASHED_AGAIN_AFTER = timedelta(seconds=30)

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
    table = TABLE_OF_TASK[hint.task]
    with structlog.contextvars.bound_contextvars(task=hint.task.value, row=hint.id, claim=hint.claim):
        try:
            lease = _take(ctx, table, hint)
            if lease is None:
                _log.debug("step.stale_hint")
                return False
            _run(ctx, steps[hint.task], lease)
        except DBAPIError as problem:
            # The lease runs out and the row is due again; there is nobody to tell while the database is away.
            _log.warning("step.database_trouble", error=str(problem.orig or problem))
        except Exception:
            _log.exception("step.crashed")
        return True


def _take(ctx: WorkerContext, table: str, hint: Hint) -> Lease | None:
    with ctx.database.transaction() as tx:
        if ctx.stopping.is_set():
            claims.give_back(tx, table, hint.id, hint.claim)
            return None
        return claims.take(tx, table, hint.id, hint.claim, lease_s=ctx.settings.lease.total_seconds())


def _run(ctx: WorkerContext, step: Step, lease: Lease) -> None:
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
