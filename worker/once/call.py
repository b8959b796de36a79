"""A call that must take effect once, whatever it is: what each kind says of itself, and what the protocol decides.

    intent   committed before the call, by the kind: everything that may keep it back has been asked
    send     one call, within the lease; its answer is settled in one transaction
    reading  what became of a call without an answer; nothing is ever sent from there (`reading.py`)

A crash after the intent must read as "perhaps done". A kind (post, first comment, reply) says how it is called, how it
is looked for, and what an outcome means for its rows; it decides nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from sqlalchemy.orm import Session

from graph.client import GraphClient
from graph.errors import ErrorClass, GraphError
from models import outcome, quota
from models.account import Account, break_account
from models.attempt import Action, Attempt, AttemptState, Said, SettledBy, Target, count_lost, record_send, settle
from models.claims import ClaimLost, Lease, renew
from models.event import Cause
from models.gate import Purpose
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from pressrun.log import redact
from pressrun.vault import SecretUnreadable
from worker.backoff import Backoff
from worker.context import GateShut, WorkerContext
from worker.durable import durably
from worker.obstacles import LOOK_AGAIN
from worker.once.moment import HeldUp, Moment, NotNow
from worker.once.sight import Sight
from worker.outcomes import REFUSED, Rule, Verdict, block, cause, retry_wait, said_by, wait_of

_HALTED = timedelta(seconds=1)
"""Before the next intent, when the worker could not be sure of the row: another may have it."""

_log = log.get(__name__)


@dataclass(frozen=True)
class Again:
    """When it is tried once more: `wait_reason` is what it waits for, `tries` what has failed in passing so far."""

    at: datetime
    tries: int
    wait_reason: str | None = None
    error_class: ErrorClass | None = None


class Once(ABC):
    """One call at work. The rows are detached and only read.

    What an outcome means for the kind's rows is written in the caller's transaction, and ends or keeps the lease there;
    each of these raises ClaimLost when the claim has passed on, but `done`.
    """

    name: ClassVar[str]
    """In events and failpoints."""
    reading_name: ClassVar[str]
    """In the failpoints of its reading."""
    patience: ClassVar[Backoff]
    """Between tries that failed in passing."""
    most_tries: ClassVar[int]
    """Of what is refused in passing."""
    most_lost: ClassVar[int | None] = None
    """Calls without an answer that proved to have done nothing; None: as long as it makes sense."""
    first_look_after: ClassVar[timedelta]
    settles_after: ClassVar[timedelta] = timedelta(0)
    """A thing that stands is listed by then, whatever the settings say."""

    def __init__(self, ctx: WorkerContext, lease: Lease, account: Account, attempt: Attempt) -> None:
        self.ctx, self.lease, self.account, self.attempt = ctx, lease, account, attempt

    @property
    @abstractmethod
    def target(self) -> Target: ...

    @property
    @abstractmethod
    def tries(self) -> int:
        """Tries that have failed in passing before this one."""

    @property
    def subject(self) -> str:
        """How messages name it."""
        return ""

    @property
    def asked_at(self) -> datetime:
        """Since when lost calls count against it: a person may ask once more."""
        return datetime.min.replace(tzinfo=clock.now().tzinfo)

    @abstractmethod
    def call(self, client: GraphClient, *, deadline_s: float) -> str:
        """Make the call, once; the id of what came of it. Raises GraphError."""

    @abstractmethod
    def look(self, client: GraphClient) -> Sight:
        """Read whether it stands. Raises GraphError and GateShut like any reading."""

    @abstractmethod
    def done(self, tx: Session, result_id: str, *, by: SettledBy, is_held: bool) -> None:
        """It stands: true whoever holds the row. `is_held`: under our claim, which ends or moves on with it."""

    @abstractmethod
    def doubt(self, tx: Session, told: Cause, *, look_at: datetime | None) -> None:
        """It may stand, and is looked for at that time; None: at once, under the same lease."""

    @abstractmethod
    def again(self, tx: Session, told: Cause, again: Again) -> None:
        """It does not stand, and is sent later."""

    @abstractmethod
    def fail(self, tx: Session, told: Cause) -> None:
        """It does not stand, and is not sent again."""

    @abstractmethod
    def question(self, why: str) -> str:
        """What a person is asked when nobody else can tell whether it stands, and what to do."""

    @abstractmethod
    def review(self, tx: Session, question: str) -> None:
        """Nothing is sent until a person has decided."""

    @property
    def sure_until(self) -> Deadline | None:
        """Up to when the row is known to be ours without asking; None: it is asked right before the call."""
        return None

    def make_client(self, moment: Moment) -> GraphClient:
        """For the call, which the moment may veto."""
        return self.ctx.client(self.account, Purpose.PUBLISH, last_look=moment)

    def keep_plainly(self, result_id: str) -> bool:
        """Keep in one round trip that it stands; False when that is not all there is to it, and nothing was changed."""
        return False

    @property
    def settled_at(self) -> datetime:
        """From when on a list that does not show it may prove that it was not done."""
        return self.attempt.intent_at + max(self.ctx.settings.settle, self.settles_after)

    @property
    def client(self) -> GraphClient:
        """For reading."""
        return self.ctx.client(self.account, Purpose.PUBLISH)

    def again_after(self, wait: timedelta, *, now: datetime) -> datetime:
        """When to try again what frees itself unannounced."""
        return now + wait

    def renew(self) -> None:
        """The lease with its full time again. Raises ClaimLost."""
        with self.ctx.database.transaction() as tx:
            self.lease = renew(tx, self.lease)


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
        durably(once.ctx, once.lease, partial(_refused if error.definite else _unknown, once=once, error=error))
    except PressrunError as problem:  # the client itself: nothing has left, nor ever will
        said = Cause(f"{once.name}.refused", f"{once.subject}{problem}", error_class=ErrorClass.INVALID_REQUEST.value)
        durably(once.ctx, once.lease, partial(_end_refused, once=once, told=said))
    else:
        reach(f"{once.name}.after_response")
        _answered(once, "published" if once.name == "publish" else "done")
        if not once.keep_plainly(result_id):
            conclude(once, result_id, by=SettledBy.ANSWER)
    reach(f"{once.name}.after_record")


def conclude(once: Once, result_id: str, *, by: SettledBy) -> None:
    """It stands under this id. What cannot be kept under the claim any more is kept without it."""
    try:
        durably(once.ctx, once.lease, lambda tx: _done(tx, once, result_id, by=by, is_held=True))
    except ClaimLost:
        durably(once.ctx, once.lease, lambda tx: _done_late(tx, once, result_id, by=by))
        raise


def _done(tx: Session, once: Once, result_id: str, *, by: SettledBy, is_held: bool) -> None:
    record_send(tx, once.attempt)
    if settle(tx, once.attempt.id, AttemptState.SUCCEEDED, now=clock.now(), by=by, result_id=result_id):
        once.done(tx, result_id, by=by, is_held=is_held)
    elif is_held:
        raise ClaimLost(f"{once.name} attempt {once.attempt.id} was settled by somebody else")


def _done_late(tx: Session, once: Once, result_id: str, *, by: SettledBy) -> None:
    """What waits for a person, or for a reading, is decided by it."""
    _done(tx, once, result_id, by=by, is_held=False)


def _unsent(once: Once, why: str, again: Again) -> None:
    """The call was not made after all: the intent is taken back."""
    told = Cause(f"{once.name}.not_sent", f"{once.subject}no call was made: {why}")

    def store(tx: Session) -> None:
        outcome.record_undone(tx, once.attempt, now=clock.now(), said=Said(redact(why)))
        once.again(tx, told, again)

    durably(once.ctx, once.lease, store)


def _unknown(tx: Session, once: Once, error: GraphError) -> None:
    """Nothing proves what became of the call: only reading can tell. A place in the quota stays taken."""
    now = clock.now()
    if error.error_class is ErrorClass.BLOCKED:
        block(tx, once.account.id, error, now=now, attempt_id=once.attempt.id)
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
    record_send(tx, once.attempt)
    outcome.record_undone(
        tx, once.attempt, now=now, state=AttemptState.REFUSED, by=SettledBy.ANSWER, said=said_by(error)
    )
    if is_passing or is_outdated:
        again = Again(now + retry_wait(error, once.patience, tries), tries, None, error.error_class)
    else:
        at = held_until or once.again_after(wait_of(error, rule), now=now)
        again = Again(at, once.tries, _wait_reason(error), error.error_class)
    once.again(tx, told, again)


def _end_refused(tx: Session, once: Once, told: Cause) -> None:
    record_send(tx, once.attempt)
    said = Said(told.message and redact(told.message), told.error_class, told.code, told.subcode, told.fbtrace_id)
    outcome.record_undone(tx, once.attempt, now=clock.now(), state=AttemptState.REFUSED, by=SettledBy.ANSWER, said=said)
    once.fail(tx, told)


def record_absent(tx: Session, once: Once) -> None:
    """Reading proved that nothing was done: it may be sent again."""
    now = clock.now()
    outcome.record_undone(tx, once.attempt, now=now, by=SettledBy.READING)
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
