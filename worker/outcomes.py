"""The one table: what follows from an error of each class. No other place decides.

`STAGING` is for calls that make or read containers, `REFUSED` for once-only calls (posts, first comments, replies) that
provably did nothing, `BACKGROUND` for harvests and events. A once-only call whose outcome is not proved has only one
consequence, whatever its class: reconcile by reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from models.accounts.block import hold
from models.posts.event import Cause
from models.publishing.attempt import Said
from worker.backoff import Backoff
from worker.obstacles import LOOK_AGAIN

RESTRICTED_FOR = timedelta(hours=24)
"""How long an account is left alone whose owner has to follow a notice in the app; a person ends it sooner."""
_RESTRICTED = 25


class Verdict(StrEnum):
    RETRY = "retry"
    """The same step again, a bounded number of times, with full-jitter backoff; staging makes a new container."""
    WAIT = "wait"
    """Later; the try does not count."""
    BREAK_ACCOUNT = "break_account"
    """The account's posts wait until a person renews its token."""
    BLOCK_ACCOUNT = "block_account"
    """The account's posts and replies wait (`block`)."""
    FAIL = "fail"
    """Nothing that we can do by ourselves; the post says why."""


@dataclass(frozen=True)
class Rule:
    """What follows. `most`: tries in all before RETRY becomes FAIL. `wait`: how long, when Instagram does not say."""

    verdict: Verdict
    most: int = 8
    wait: timedelta = timedelta(minutes=5)


STAGING: dict[ErrorClass, Rule] = {
    ErrorClass.TRANSIENT: Rule(Verdict.RETRY),
    ErrorClass.NOT_READY: Rule(Verdict.RETRY),
    ErrorClass.CONTAINER_EXPIRED: Rule(Verdict.RETRY),
    ErrorClass.THROTTLED: Rule(Verdict.WAIT, wait=timedelta(hours=1)),
    ErrorClass.QUOTA: Rule(Verdict.WAIT, wait=timedelta(hours=1)),
    ErrorClass.AUTH: Rule(Verdict.BREAK_ACCOUNT),
    ErrorClass.BLOCKED: Rule(Verdict.BLOCK_ACCOUNT),
    ErrorClass.PERMISSION: Rule(Verdict.FAIL),
    ErrorClass.INVALID_MEDIA: Rule(Verdict.FAIL),
    ErrorClass.INVALID_REQUEST: Rule(Verdict.FAIL),
}

# Verdicts on media that are known to come and go (graph-api.md §3.2): tries in all.
COMES_AND_GOES: dict[int, int] = {2207052: 8, 2207077: 8, 2207076: 3, 2207053: 2}

REFUSED: dict[ErrorClass, Rule] = {
    # Only a call that never left is a definite refusal of this class.
    ErrorClass.TRANSIENT: Rule(Verdict.RETRY, most=1000),
    ErrorClass.NOT_READY: Rule(Verdict.RETRY, most=20),
    ErrorClass.QUOTA: Rule(Verdict.WAIT, wait=timedelta(minutes=1)),
    ErrorClass.THROTTLED: Rule(Verdict.WAIT, wait=timedelta(hours=1)),
    ErrorClass.AUTH: Rule(Verdict.BREAK_ACCOUNT),
    ErrorClass.BLOCKED: Rule(Verdict.BLOCK_ACCOUNT),
    ErrorClass.PERMISSION: Rule(Verdict.FAIL),
    ErrorClass.CONTAINER_EXPIRED: Rule(Verdict.RETRY),
    ErrorClass.INVALID_MEDIA: Rule(Verdict.FAIL),
    ErrorClass.INVALID_REQUEST: Rule(Verdict.FAIL),
}

# A read that is held back says nothing about publishing. How many tries there are is each step's own.
BACKGROUND: dict[ErrorClass, Rule] = {
    ErrorClass.TRANSIENT: Rule(Verdict.RETRY),
    ErrorClass.NOT_READY: Rule(Verdict.RETRY),
    ErrorClass.THROTTLED: Rule(Verdict.WAIT, wait=LOOK_AGAIN),
    ErrorClass.BLOCKED: Rule(Verdict.WAIT, wait=timedelta(hours=1)),
    ErrorClass.AUTH: Rule(Verdict.BREAK_ACCOUNT, wait=LOOK_AGAIN),
    ErrorClass.QUOTA: Rule(Verdict.FAIL),
    ErrorClass.PERMISSION: Rule(Verdict.FAIL),
    ErrorClass.CONTAINER_EXPIRED: Rule(Verdict.FAIL),
    ErrorClass.INVALID_MEDIA: Rule(Verdict.FAIL),
    ErrorClass.INVALID_REQUEST: Rule(Verdict.FAIL),
}


def staging_rule(error: GraphError) -> Rule:
    """What follows from a failed container."""
    if error.subcode in COMES_AND_GOES:
        return Rule(Verdict.RETRY, most=COMES_AND_GOES[error.subcode])
    return STAGING[error.error_class]


def wait_of(error: GraphError, rule: Rule) -> timedelta:
    """How long to wait: what Instagram said, else what the rule says."""
    return timedelta(seconds=error.retry_after_s) if error.retry_after_s else rule.wait


def block(tx: Session, account_id: int, error: GraphError, *, now: datetime, attempt_id: int | None = None) -> datetime:
    """Hold the account's publishing and replying back because of this error; returns until when.

    `attempt_id`: the call that it answered, if that may have taken effect all the same.
    """
    least = RESTRICTED_FOR if error.code == _RESTRICTED else timedelta(seconds=error.retry_after_s or 0)
    return hold(tx, account_id, reason=error.advice, now=now, attempt_id=attempt_id, at_least=least)


def retry_wait(error: GraphError, backoff: Backoff, tries: int) -> timedelta:
    """Until the next try, after that many: never sooner than Instagram said."""
    return max(timedelta(seconds=error.retry_after_s or 0), backoff.after(tries))


def cause(reason: str, error: GraphError, *, subject: str = "", detail: dict[str, object] | None = None) -> Cause:
    """The event of an error; `subject` names the media item."""
    return Cause(
        reason,
        f"{subject}{error}",
        error_class=error.error_class.value,
        code=None if error.code is None else str(error.code),
        subcode=None if error.subcode is None else str(error.subcode),
        fbtrace_id=error.fbtrace_id,
        detail=detail or {},
    )


def said_by(error: GraphError) -> Said:
    return Said(
        message=str(error),
        error_class=error.error_class.value,
        code=None if error.code is None else str(error.code),
        subcode=None if error.subcode is None else str(error.subcode),
        fbtrace_id=error.fbtrace_id,
    )
