"""A call that must take effect once, whatever it is: what each kind says of itself, and what the protocol decides.

    intent   committed before the call, by the kind: everything that may keep it back has been asked
    send     one call, within the lease; its answer is settled in one transaction
    reading  what became of a call without an answer; nothing is ever sent from there (`reading.py`)

A crash after the intent must read as "perhaps done". What is known only after the claim has passed on is kept without
it: that the call worked, that none was made. What worked though it was taken for undone is `models/publishing/late.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from models.accounts import quota
from models.accounts.account import break_account
from models.owed.claims import ClaimLost
from models.posts.event import Cause
from models.publishing import late, outcome
from models.publishing.attempt import Action, Attempt, AttemptState, Said, SettledBy, count_lost, record_send, settle
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from pressrun.log import redact
from pressrun.vault import SecretUnreadable
from worker.context import GateShut
from worker.durable import durably
from worker.obstacles import LOOK_AGAIN
from worker.once.kind import Again, Once
from worker.once.moment import HeldUp, Moment, NotNow
from worker.outcomes import REFUSED, Rule, Verdict, block, cause, retry_wait, said_by, wait_of

_HALTED = timedelta(seconds=1)
"""Before the next intent, when the worker could not be sure of the row: another may have it."""

_log = log.get(__name__)


def send(once: Once) -> None:
    """Make the call whose intent is committed, and settle it. Raises ClaimLost once the claim has passed on."""
    reach(f"{once.name}.after_intent")
    deadline_s = once.ctx.settings.call_deadline.total_seconds()
    moment = Moment(once.ctx, once.lease, once.attempt, sure_until=once.sure_until)
    try:
        result_id = once.call(once.make_client(moment), deadline_s=deadline_s)
    except HeldUp as held:
        _unsent(once, str(held), Again(clock.now() + _HALTED, once.tries, "worker"))
    except NotNow as late:
        _unsent(once, str(late), Again(clock.now(), once.tries))
    except GateShut as shut:
        _unsent(once, str(shut), Again(shut.until, once.tries, "throttled"))
    except SecretUnreadable as problem:
        _unsent(once, str(problem), Again(clock.now() + LOOK_AGAIN, once.tries, "account"))
    except GraphError as error:
        reach(f"{once.name}.after_response")
        _answered(once, "refused" if error.definite else "unknown")
        if error.definite:
            _proved_undone(once, partial(_refused, once=once, error=error), cause(f"{once.name}.refused", error))
        else:
            durably(once.ctx, once.lease, partial(_unknown, once=once, error=error))
    except PressrunError as problem:  # the client itself: nothing has left, nor ever will
        said = Cause(f"{once.name}.refused", f"{once.subject}{problem}", error_class=ErrorClass.INVALID_REQUEST.value)
        _proved_undone(once, partial(_end_refused, once=once, told=said), said)
    else:
        reach(f"{once.name}.after_response")
        _answered(once, "published" if once.name == "publish" else "done")
        if not once.keep_plainly(result_id):
            conclude(once, result_id, by=SettledBy.ANSWER)
    reach(f"{once.name}.after_record")


def conclude(once: Once, result_id: str, *, by: SettledBy) -> None:
    """It stands under this id. What cannot be kept under the claim any more is kept without it."""
    try:
        durably(once.ctx, once.lease, lambda tx: _done(tx, once, result_id, by=by))
    except ClaimLost:
        durably(once.ctx, once.lease, lambda tx: _done_late(tx, once, result_id, by=by))
        raise


def _done(tx: Session, once: Once, result_id: str, *, by: SettledBy) -> None:
    once.lock(tx)
    record_send(tx, once.attempt)
    if not settle(tx, once.attempt.id, AttemptState.SUCCEEDED, now=clock.now(), by=by, result_id=result_id):
        raise ClaimLost(f"{once.name} attempt {once.attempt.id} was settled by somebody else")
    _stands(tx, once, result_id, by=by, is_held=True)


def _done_late(tx: Session, once: Once, result_id: str, *, by: SettledBy) -> None:
    """What waits for a person, or for a reading, is decided by it; what was decided otherwise is set right, or told."""
    record_sent, once.attempt = once.attempt, tx.get_one(Attempt, once.attempt.id, populate_existing=True)
    once.lock(tx)
    record_send(tx, record_sent)
    if settle(tx, once.attempt.id, AttemptState.SUCCEEDED, now=clock.now(), by=by, result_id=result_id):
        _stands(tx, once, result_id, by=by, is_held=False)
        return
    meaning = late.keep(tx, once.attempt, result_id, now=clock.now())
    if meaning is late.Late.STANDS:
        _stands(tx, once, result_id, by=by, is_held=False)
    elif meaning is late.Late.BESIDE:
        _tell_twice(tx, once, result_id)


def _stands(tx: Session, once: Once, result_id: str, *, by: SettledBy, is_held: bool) -> None:
    once.done(tx, result_id, by=by, is_held=is_held)
    other = late.kept(tx, once.target)
    if other is not None and other.result_id not in (None, result_id):
        _tell_twice(tx, once, other.result_id or "")


def _tell_twice(tx: Session, once: Once, result_id: str) -> None:
    said = f"{once.subject}Instagram's answer to an earlier call came late: it had its effect, as {result_id}"
    _log.warning("late.beside", action=once.attempt.action, row_id=once.lease.id, result_id=result_id)
    once.twice(tx, Cause(f"{once.name}.late", said, detail={"result_id": result_id, "attempt_id": once.attempt.id}))


def _undone(
    tx: Session,
    once: Once,
    *,
    state: AttemptState = AttemptState.NOT_DONE,
    by: SettledBy | None = None,
    said: Said | None = None,
) -> bool:
    """Nothing came of this attempt. False when an earlier one turns out to stand: then the row is moved on by that."""
    outcome.record_undone(tx, once.attempt, now=clock.now(), state=state, by=by, said=said)
    earlier = late.adopt(tx, once.target, now=clock.now())
    if earlier is None:
        return True
    once.attempt = earlier
    once.done(tx, earlier.result_id or "", by=SettledBy.ANSWER, is_held=True)
    return False


def _unsent(once: Once, why: str, again: Again) -> None:
    """The call was not made after all: the intent is taken back."""
    told = Cause(f"{once.name}.not_sent", f"{once.subject}no call was made: {why}")

    def store(tx: Session) -> None:
        once.lock(tx)
        if _undone(tx, once, said=Said(redact(why))):
            once.again(tx, told, again)

    _proved_undone(once, store, told)


def _proved_undone(once: Once, store: Callable[[Session], None], told: Cause) -> None:
    """Under the claim by `store`; without it the attempt alone, and whoever looks for what came of it need not."""
    try:
        durably(once.ctx, once.lease, store)
    except ClaimLost:
        durably(once.ctx, once.lease, lambda tx: _undone_late(tx, once, told))
        raise


def _undone_late(tx: Session, once: Once, told: Cause) -> None:
    once.lock(tx)
    is_refused = told.code is not None
    said = Said(told.message and redact(told.message), told.error_class, told.code, told.subcode, told.fbtrace_id)
    state, by = (AttemptState.REFUSED, SettledBy.ANSWER) if is_refused else (AttemptState.NOT_DONE, None)
    if outcome.record_undone(tx, once.attempt, now=clock.now(), state=state, by=by, said=said):
        record_send(tx, once.attempt)
        once.unsent(tx, told)


def _unknown(tx: Session, once: Once, error: GraphError) -> None:
    """Nothing proves what became of the call: only reading can tell. A place in the quota stays taken."""
    now = clock.now()
    if error.error_class is ErrorClass.BLOCKED:
        block(tx, once.account.id, error, now=now, attempt_id=once.attempt.id)
    once.lock(tx)
    record_send(tx, once.attempt)
    settle(tx, once.attempt.id, AttemptState.UNKNOWN, now=now, said=said_by(error))
    told = cause(f"{once.name}.unknown", error, subject=once.subject, detail={"attempt_id": once.attempt.id})
    once.doubt(tx, told, look_at=now + once.first_look_after)


def _refused(tx: Session, once: Once, error: GraphError) -> None:
    """Instagram's answer proves that nothing happened."""
    now, rule, tries = clock.now(), REFUSED[error.error_class], once.tries + 1
    told = cause(f"{once.name}.refused", error, subject=once.subject, detail={"attempt_id": once.attempt.id})
    is_passing = rule.verdict is Verdict.RETRY
    if rule.verdict is Verdict.FAIL or (is_passing and tries >= min(rule.most, once.most_tries)):
        _end_refused(tx, once, told)
        return
    held_until, is_outdated = _hold_account(tx, once, error, rule, now)  # before the row's lock
    once.lock(tx)
    record_send(tx, once.attempt)
    if not _undone(tx, once, state=AttemptState.REFUSED, by=SettledBy.ANSWER, said=said_by(error)):
        return
    if is_passing or is_outdated:
        again = Again(now + retry_wait(error, once.patience, tries), tries, None, error.error_class)
    else:
        at = held_until or once.again_after(wait_of(error, rule), now=now)
        again = Again(at, once.tries, _wait_reason(error), error.error_class)
    once.again(tx, told, again)


def _end_refused(tx: Session, once: Once, told: Cause) -> None:
    once.lock(tx)
    record_send(tx, once.attempt)
    said = Said(told.message and redact(told.message), told.error_class, told.code, told.subcode, told.fbtrace_id)
    if _undone(tx, once, state=AttemptState.REFUSED, by=SettledBy.ANSWER, said=said):
        once.fail(tx, told)


def record_absent(tx: Session, once: Once) -> None:
    """Reading proved that nothing was done: it may be sent again."""
    now = clock.now()
    once.lock(tx)
    if not _undone(tx, once, by=SettledBy.READING):
        return
    if once.most_lost is not None and count_lost(tx, once.target, since=once.asked_at) >= once.most_lost:
        said = f"{once.subject}{once.most_lost} calls got no answer, and none has had an effect"
        once.fail(tx, Cause(f"{once.name}.not_done", said, detail={"attempt_id": once.attempt.id}))
        return
    said = f"{once.subject}Instagram shows that it was not done: it is sent again"
    told = Cause(f"{once.name}.not_done", said, detail={"attempt_id": once.attempt.id})
    once.again(tx, told, Again(now, once.tries))


def break_by(tx: Session, once: Once, error: GraphError) -> bool:
    """Instagram refused the token; the account is broken if it is the one in force. False if it is not."""
    return break_account(tx, once.account.id, token_seen=once.account.token_sealed, reason=error.advice)


def _hold_account(
    tx: Session, once: Once, error: GraphError, rule: Rule, now: datetime
) -> tuple[datetime | None, bool]:
    """Until when it is held back, if that is known; and whether a token was refused that is not in force any more."""
    if rule.verdict is Verdict.BREAK_ACCOUNT:
        return None, not break_by(tx, once, error)
    if rule.verdict is Verdict.BLOCK_ACCOUNT:
        return block(tx, once.account.id, error, now=now), False
    if error.error_class is ErrorClass.QUOTA and once.target.action is Action.PUBLISH:
        quota.record_full(tx, once.account.id, now=now)
    return None, False


def _wait_reason(error: GraphError) -> str:
    return {ErrorClass.AUTH: "account", ErrorClass.BLOCKED: "account"}.get(error.error_class, error.error_class.value)


def _answered(once: Once, what: str) -> None:
    _log.info(f"{once.name}.answered", row_id=once.lease.id, outcome=what)
