"""What became of a call that was lost sight of. Decided by reading only.

    it stands                     → done, under its id
    a whole reading without it    → two of these a minute apart, after the settle time: not done, may be sent again
    nothing will ever tell        → a person decides
    unreadable, or not yet clear  → read again, for a day; then a person decides

The settle time is longer than lease and call deadline together: a sender that is merely slow has then given up too. A
list that does not show something proves nothing unless it was read whole (`search.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from graph.answers.errors import ErrorClass, GraphError
from models.accounts.account import AccountState
from models.owed.claims import finish
from models.posts.event import Cause
from models.publishing.attempt import AttemptState, Said, SettledBy, count_read, settle
from pressrun import clock, log
from pressrun.failpoints import reach
from pressrun.log import redact
from pressrun.vault import SecretUnreadable
from worker.context import GateShut
from worker.obstacles import LOOK_AGAIN
from worker.once.call import break_by, conclude, record_absent
from worker.once.kind import Once
from worker.once.sight import Absent, Beyond, Sight, Stands, Unclear

GIVE_UP_AFTER = timedelta(hours=24)
_SHORTEST = timedelta(seconds=2)
_LONGEST = timedelta(minutes=15)

_log = log.get(__name__)


def reconcile(once: Once) -> None:
    """One reading of an unresolved attempt. Raises ClaimLost once the claim has passed on."""
    if once.attempt.result_id is not None:
        # The sender's answer arrived after its claim had passed on; it kept the id for us.
        conclude(once, once.attempt.result_id, by=SettledBy.ANSWER)
        return
    if once.account.state == AccountState.BROKEN.value:
        _wait(once, "its token was refused", until=clock.now() + LOOK_AGAIN)
        return
    try:
        sight = once.look(once.client)
    except GraphError as error:
        _unreadable(once, error)
    except GateShut as shut:
        _wait(once, "Instagram let no call in", until=shut.until)
    except SecretUnreadable as problem:
        _wait(once, str(problem), until=clock.now() + LOOK_AGAIN)
    else:
        reach(f"{once.reading_name}.after_read")
        _conclude(once, sight)
    reach(f"{once.reading_name}.after_record")


def lose_sight(once: Once) -> None:
    """The sender's lease ran out: it died or stalled between its intent and its answer. The lease is kept."""
    said = "the worker that was sending is gone; whether it was done is found out by reading"
    with once.ctx.database.transaction() as tx:
        once.lock(tx)
        settle(tx, once.attempt.id, AttemptState.UNKNOWN, now=clock.now())
        once.doubt(tx, Cause(f"{once.name}.lost_sight", said), look_at=None)


def _conclude(once: Once, sight: Sight) -> None:
    match sight:
        case Stands(result_id):
            conclude(once, result_id, by=SettledBy.READING)
        case Absent(began_at):
            _absent(once, began_at)
        case Unclear(why, reading):
            _wait(once, why, reading=reading)
        case Beyond(why):
            _review(once, why)


def _absent(once: Once, began_at: datetime) -> None:
    """A list may lag behind what was done, so one look proves nothing, nor any before the settle time."""
    attempt, gap = once.attempt, once.ctx.settings.settle_gap
    if began_at < once.settled_at:
        _wait(once, "it may yet appear", until=min(once.settled_at, clock.now() + _pause(attempt.reads)))
        return
    first_at = attempt.finished_read_at
    proved = first_at is not None and began_at - first_at >= gap
    with once.ctx.database.transaction() as tx:
        once.lock(tx)
        if proved:
            record_absent(tx, once)
            return
        if first_at is None:
            count_read(tx, attempt.id, finished_at=began_at)
        finish(tx, once.lease, next_action_at=(first_at or began_at) + gap)
    _log.info("reconcile.first_proof", action=attempt.action, row_id=once.lease.id)


def _unreadable(once: Once, error: GraphError) -> None:
    _log.info("reconcile.unreadable", action=once.attempt.action, error_class=error.error_class.value, code=error.code)
    if error.error_class is ErrorClass.AUTH:
        with once.ctx.database.transaction() as tx:
            break_by(tx, once, error)
    _wait(once, f"what became of it could not be read: {error}")


def _wait(once: Once, why: str, *, until: datetime | None = None, reading: dict[str, Any] | None = None) -> None:
    now, attempt = clock.now(), once.attempt
    if now - attempt.intent_at > GIVE_UP_AFTER:
        _review(once, f"a day after the call {why}")
        return
    with once.ctx.database.transaction() as tx:
        once.lock(tx)
        count_read(tx, attempt.id, reading=reading)
        finish(tx, once.lease, next_action_at=until or now + _pause(attempt.reads))


def _review(once: Once, why: str) -> None:
    message = once.question(why)
    with once.ctx.database.transaction() as tx:
        once.lock(tx)
        settle(tx, once.attempt.id, AttemptState.NEEDS_REVIEW, now=clock.now(), said=Said(redact(message)))
        once.review(tx, message)


def _pause(reads: int) -> timedelta:
    return min(_SHORTEST * (1 << min(reads // 2, 10)), _LONGEST)
