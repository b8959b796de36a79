"""Writing down what became of a publish attempt: attempt, quota, container, part, post and event in one transaction.

Called by `publish` with an answer and by `reconcile` with what reading proved.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from graph.errors import ErrorClass, GraphError
from models import attempt as attempts
from models import claims, publication, quota
from models.account import break_account
from models.attempt import Attempt, AttemptState
from models.container import Container, ContainerStatus, drop_container
from models.event import Cause
from models.part import Part
from models.publication import Sent
from models.states import PostState
from pressrun import clock
from worker.backoff import PUBLISHING
from worker.outcomes import REFUSED, Rule, Verdict, block, cause, wait_of
from worker.publishing.loaded import Loaded, move
from worker.publishing.standing import Park, ask_again_at, in_all, tell

FIRST_READ_AFTER = timedelta(seconds=2)


def record_published(
    tx: Session, loaded: Loaded, part: Part, attempt: Attempt, media_id: str, *, from_: PostState, how: str = "answered"
) -> None:
    """The part is live under this media id."""
    sent = Sent(loaded.post, part, attempt, loaded.lease.claim, loaded.subject(part))
    publication.record_published(tx, sent, media_id, from_=from_, how=how, now=clock.now())


def record_refused(tx: Session, loaded: Loaded, part: Part, attempt: Attempt, error: GraphError) -> None:
    """Instagram's answer proves that nothing was published."""
    now = clock.now()
    _settle_error(tx, attempt, AttemptState.REFUSED, error, now)
    quota.release(tx, attempt.id)
    rule = REFUSED[error.error_class]
    told = cause("publish.refused", error, subject=loaded.subject(part), detail={"attempt_id": attempt.id})
    tries = loaded.post.tries + 1
    if rule.verdict is Verdict.FAIL or (rule.verdict is Verdict.RETRY and tries >= rule.most):
        # `fail` reads the state from the row as it was loaded, before the intent.
        tell(tx, loaded.post.id, in_all(loaded, told.message or told.reason), error.error_class.value)
        move(tx, loaded, PostState.FAILED, told, from_=PostState.PUBLISHING)
        return
    held_until, is_outdated = _hold_account(tx, loaded, error, rule, now)
    if error.error_class is ErrorClass.NOT_READY:
        _look_again(tx, loaded, attempt, told, now, tries)
        return
    if error.error_class is ErrorClass.CONTAINER_EXPIRED and attempt.container_id is not None:
        drop_container(tx, attempt.container_id, reason="expired", now=now)
    is_soon = rule.verdict is Verdict.RETRY or is_outdated
    wait = PUBLISHING.after(tries) if is_soon else None
    again_at = held_until or (now + wait if wait else ask_again_at(loaded.post, now, wait=wait_of(error, rule)))
    wait_reason = None if is_soon else _wait_reason(error)
    move(
        tx,
        loaded,
        PostState.STAGED,
        told,
        from_=PostState.PUBLISHING,
        next_action_at=again_at,
        wait_reason=wait_reason,
        tries=tries,
    )


def record_unknown(tx: Session, loaded: Loaded, part: Part, attempt: Attempt, error: GraphError) -> None:
    """Nothing proves what became of the call: only reading can tell. The quota place stays taken."""
    now = clock.now()
    _settle_error(tx, attempt, AttemptState.UNKNOWN, error, now)
    if error.error_class is ErrorClass.BLOCKED:
        block(tx, loaded.account.id, error, now=now, attempt_id=attempt.id)
    told = cause("publish.unknown", error, subject=loaded.subject(part), detail={"attempt_id": attempt.id})
    move(
        tx,
        loaded,
        PostState.UNCERTAIN,
        told,
        from_=PostState.PUBLISHING,
        next_action_at=now + FIRST_READ_AFTER,
        wait_reason="reconcile",
    )


def record_unsent(
    tx: Session, loaded: Loaded, part: Part, attempt: Attempt, why: str, park: Park | None = None
) -> None:
    """The call was not made after all: the intent is taken back."""
    now = clock.now()
    publication.record_undone(tx, attempt, now=now, message=why)
    told = Cause("publish.not_sent", f"{loaded.subject(part)}no call was made: {why}")
    move(
        tx,
        loaded,
        PostState.STAGED,
        told,
        from_=PostState.PUBLISHING,
        next_action_at=park.until if park else now,
        wait_reason=park.reason if park else None,
    )


def record_not_published(tx: Session, loaded: Loaded, part: Part, attempt: Attempt) -> None:
    """Reading proved that nothing was published: the same container may be sent again."""
    now = clock.now()
    publication.record_undone(tx, attempt, now=now)
    told = Cause(
        "reconcile.not_published",
        f"{loaded.subject(part)}Instagram shows the container unpublished and no such media: it is sent again",
        detail={"attempt_id": attempt.id},
    )
    move(tx, loaded, PostState.STAGED, told, from_=PostState.UNCERTAIN, next_action_at=now)
    claims.wake_schedulers(tx)


def record_needs_review(tx: Session, loaded: Loaded, attempt: Attempt, message: str) -> None:
    """Nobody but a person can tell; nothing is sent until they have."""
    attempts.settle(tx, attempt.id, AttemptState.NEEDS_REVIEW, now=clock.now(), message=message)
    tell(tx, loaded.post.id, message, None)
    move(tx, loaded, PostState.NEEDS_REVIEW, Cause("reconcile.needs_review", message), from_=PostState.UNCERTAIN)


def _look_again(tx: Session, loaded: Loaded, attempt: Attempt, told: Cause, now: datetime, tries: int) -> None:
    """The container was not ready after all: back to looking at it."""
    tx.execute(
        update(Container)
        .where(Container.id == attempt.container_id)
        .values(status_code=ContainerStatus.IN_PROGRESS.value, finished_at=None)
    )
    move(
        tx,
        loaded,
        PostState.STAGING,
        told,
        from_=PostState.PUBLISHING,
        next_action_at=now + FIRST_READ_AFTER,
        tries=tries,
    )


def _hold_account(
    tx: Session, loaded: Loaded, error: GraphError, rule: Rule, now: datetime
) -> tuple[datetime | None, bool]:
    """Until when it is held back, if that is known; and whether a token was refused that is not in force any more."""
    account = loaded.account
    if rule.verdict is Verdict.BREAK_ACCOUNT:
        is_broken = break_account(tx, account.id, token_seen=account.token_sealed, reason=error.advice)
        return None, not is_broken
    if rule.verdict is Verdict.BLOCK_ACCOUNT:
        return block(tx, account.id, error, now=now), False
    if error.error_class is ErrorClass.QUOTA:
        quota.record_full(tx, account.id, now=now)
    return None, False


def _wait_reason(error: GraphError) -> str:
    return {ErrorClass.AUTH: "account", ErrorClass.BLOCKED: "account"}.get(error.error_class, error.error_class.value)


def _settle_error(tx: Session, attempt: Attempt, state: AttemptState, error: GraphError, now: datetime) -> None:
    attempts.settle(
        tx,
        attempt.id,
        state,
        now=now,
        error_class=error.error_class.value,
        code=None if error.code is None else str(error.code),
        subcode=None if error.subcode is None else str(error.subcode),
        fbtrace_id=error.fbtrace_id,
        message=str(error),
    )
