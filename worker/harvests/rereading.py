"""The step of a reread: some seconds of reading kept answers again, oldest first, then the row is due again.

It asks Instagram nothing, so neither gate nor token holds it back. The cursor moves in the transaction that keeps what
lies before it; what is read twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.harvests.backfill import Backfill, Kept
from models.harvests.raw_answer import answers_of_step, next_step
from models.owed import claims
from models.owed.claims import Lease
from models.store import sparing
from models.upkeep.retention import dropped_until
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.failpoints import reach
from worker.context import WorkerContext
from worker.harvests.ending import MOST_TRIES
from worker.harvests.reread import Reread, reread

STEP_S = 10.0
"""How long one step goes on beginning new ones of those that were kept."""
_MOST_PROBLEMS = 50
_MOST_TRIES_SAID = {"what": "reread", "error": f"{MOST_TRIES} tries of the same answers ended without a result"}

_log = log.get(__name__)


def run(ctx: WorkerContext, lease: Lease) -> bool:
    """Read on for one step; False when the backfill is no reread. Raises ClaimLost when it has passed to another."""
    with ctx.database.transaction() as tx:
        backfill = tx.get_one(Backfill, lease.id)
        if backfill.kind != Kept.REREAD.value:
            return False
        lease = claims.renew(tx, lease)
        # Counted before the work: answers that kill their worker each time must not do so for ever.
        backfill.tries += 1
        if backfill.tries > MOST_TRIES:
            _tell(backfill, Reread(0, [_MOST_TRIES_SAID]))
        if backfill.tries > MOST_TRIES or backfill.finished_at is not None:
            _finish(tx, backfill, lease, finished_at=backfill.finished_at or clock.now())
            return True
    step = Deadline.after(STEP_S)
    while _read_on(ctx, lease, is_last=lambda: step.remaining_s() <= 0 or ctx.stopping.is_set()):
        reach("backfill.after_store")
    _log.info("reread.step", backfill_id=lease.id)
    return True


def _read_on(ctx: WorkerContext, lease: Lease, *, is_last: Callable[[], bool]) -> bool:
    """Store what the next kept step tells; False when this was the last of all, or of this claim."""
    try:
        with ctx.database.transaction() as tx:
            return _keep(tx, lease, is_last=is_last())
    except DBAPIError as problem:
        if not sparing.is_refusal(problem):
            raise
        with ctx.database.transaction() as tx:
            sparing.spare(tx)
            return _keep(tx, lease, is_last=is_last())


def _keep(tx: Session, lease: Lease, *, is_last: bool) -> bool:
    # The fence comes first: of a step whose row has passed to someone else nothing may be kept.
    lease = claims.renew(tx, lease)
    backfill = tx.get_one(Backfill, lease.id)
    until = backfill.until or backfill.requested_at
    # A month that retention has dropped has no room for points any more.
    since = max(backfill.since, dropped_until(tx) or backfill.since)
    first = next_step(tx, backfill.account_id, since=since, until=until, after=_after(backfill.cursor))
    if first is None:
        _finish(tx, backfill, lease, finished_at=clock.now())
        return False
    answers = answers_of_step(tx, first)
    found = reread(tx, answers)
    refused = [{"what": one.what, "error": f"Postgres refuses it: {one.why}"} for one in sparing.spared(tx)]
    _tell(backfill, Reread(found.rows, [*found.problems, *refused]), answers=len(answers), after=first)
    backfill.progress = min(max((first[0] - backfill.since) / (until - backfill.since), backfill.progress), 1.0)
    backfill.tries = 0
    if is_last:
        tx.flush()
        claims.finish(tx, lease, next_action_at=clock.now())
        claims.wake_schedulers(tx)
    return not is_last


def _tell(backfill: Backfill, found: Reread, *, answers: int = 0, after: tuple[datetime, int] | None = None) -> None:
    """Note in the cursor where it stands and what has come of it so far."""
    cursor: dict[str, Any] = dict(backfill.cursor)
    cursor["answers"] = cursor.get("answers", 0) + answers
    cursor["rows"] = cursor.get("rows", 0) + found.rows
    cursor["errors"] = [*cursor.get("errors", []), *found.problems][:_MOST_PROBLEMS]
    if after is not None:
        cursor["after"] = [after[0].isoformat(), after[1]]
    backfill.cursor = cursor


def _after(cursor: dict[str, Any]) -> tuple[datetime, int] | None:
    at = cursor.get("after")
    return (datetime.fromisoformat(at[0]), int(at[1])) if at else None


def _finish(tx: Session, backfill: Backfill, lease: Lease, *, finished_at: datetime) -> None:
    is_given_up = backfill.tries > MOST_TRIES
    backfill.finished_at, backfill.progress = finished_at, backfill.progress if is_given_up else 1.0
    tx.flush()
    claims.finish(tx, lease, next_action_at=None)
    claims.wake_schedulers(tx)
