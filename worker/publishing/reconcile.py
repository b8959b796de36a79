"""What became of a publish call that we lost sight of. Decided by reading only; nothing is ever sent from here.

    container PUBLISHED            → published, with the media id of the one media that matches, or wait for it
    container FINISHED, settled    → two such reads a minute apart and no match: not published, send the same container
    container ERROR or EXPIRED     → a person decides: something happened that we cannot see
    unreadable                     → read again, for a day; then a person decides

The settle time is longer than lease and call deadline together: a sender that is merely slow has then given up too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.errors import ErrorClass, GraphError
from graph.publishing import ContainerStatus
from models import attempt as attempts
from models import claims
from models.account import break_account
from models.attempt import Action, Attempt, AttemptState
from models.container import Container
from models.event import Cause
from models.gate import Purpose
from models.part import Part
from models.states import PostState
from pressrun import clock, log
from pressrun.failpoints import reach
from worker.context import GateShut, WorkerContext
from worker.publishing.loaded import Loaded, load, move, read
from worker.publishing.matching import find_media
from worker.publishing.settle import record_needs_review, record_not_published, record_published

GIVE_UP_AFTER = timedelta(hours=24)
_SHORTEST = timedelta(seconds=2)
_LONGEST = timedelta(minutes=15)

_log = log.get(__name__)


def run(ctx: WorkerContext, lease: claims.Lease) -> None:
    """One reading of the unresolved attempt of this post."""
    loaded = load(ctx, lease)
    part, attempt = _unresolved(ctx, loaded)
    if loaded.state is PostState.PUBLISHING:
        loaded = _lost_sight(ctx, loaded, attempt)
        part, attempt = _unresolved(ctx, loaded)  # as they are now: an answer may have come late in between
    if attempt.result_id is not None:
        # The sender's answer arrived after its claim had passed on; it kept the media id for us.
        _conclude_published(ctx, loaded, part, attempt, attempt.result_id, how="late answer")
        return
    try:
        _read(ctx, loaded, part, attempt)
    except GraphError as error:
        _unreadable(ctx, loaded, attempt, error)
    except GateShut as shut:
        _wait(ctx, loaded, attempt, until=shut.until)
    reach("reconcile.after_record")


def _unresolved(ctx: WorkerContext, loaded: Loaded) -> tuple[Part, Attempt]:
    with ctx.database.transaction() as tx:
        for part in loaded.unpublished:
            attempt = attempts.unresolved_attempt(tx, part.id, Action.PUBLISH)
            if attempt is not None:
                return part, attempt
    raise AssertionError(f"post {loaded.post.id} is {loaded.state} without an unresolved attempt")


def _lost_sight(ctx: WorkerContext, loaded: Loaded, attempt: Attempt) -> Loaded:
    """The sender's lease ran out: it died or stalled between its intent and its answer."""
    lease_s = loaded.lease.lease_s
    with ctx.database.transaction() as tx:
        attempts.settle(tx, attempt.id, AttemptState.UNKNOWN, now=clock.now())
        message = "the worker that was publishing is gone; whether the post went out is found out by reading"
        move(tx, loaded, PostState.UNCERTAIN, Cause("publish.lost_sight", message), lease_s=lease_s)
        return read(tx, loaded.lease)


def _read(ctx: WorkerContext, loaded: Loaded, part: Part, attempt: Attempt) -> None:
    container = loaded.containers.get(part.id)
    if container is None or container.ig_id is None or container.id != attempt.container_id:
        _review(ctx, loaded, attempt, "the container of the unresolved call is no longer known")
        return
    client = ctx.client(loaded.account, Purpose.PUBLISH)
    seen = client.publishing.container(container.ig_id)
    reach("reconcile.after_read")
    if seen.status_code in (ContainerStatus.ERROR, ContainerStatus.EXPIRED):
        _review(ctx, loaded, attempt, f"after the publish call its container is {seen.status_code}")
        return
    if seen.status_code is ContainerStatus.IN_PROGRESS:
        _wait(ctx, loaded, attempt)
        return
    with ctx.database.transaction() as tx:
        loaded = loaded.renewed(claims.renew(tx, loaded.lease))
    matches = find_media(ctx, client, loaded, part, attempt)
    if seen.status_code is ContainerStatus.PUBLISHED:
        if len(matches) == 1:
            _conclude_published(ctx, loaded, part, attempt, matches[0], how="found by reading")
        else:
            _wait(ctx, loaded, attempt, found=len(matches))
        return
    _unpublished(ctx, loaded, part, attempt, container, found=len(matches))


def _unpublished(
    ctx: WorkerContext, loaded: Loaded, part: Part, attempt: Attempt, container: Container, *, found: int
) -> None:
    """The container reads FINISHED. Its status may lag behind a publish, so one look proves nothing."""
    now = clock.now()
    settled_at = attempt.intent_at + ctx.settings.settle
    if found or now < settled_at:
        _wait(ctx, loaded, attempt, until=None if found else min(settled_at, now + _pause(attempt)), found=found)
        return
    gap = ctx.settings.settle_gap
    proved = attempt.finished_read_at is not None and now - attempt.finished_read_at >= gap
    with ctx.database.transaction() as tx:
        if proved:
            record_not_published(tx, loaded, part, attempt)
            return
        if attempt.finished_read_at is None:
            attempts.count_read(tx, attempt.id, finished_at=now)
        claims.finish(tx, loaded.lease, next_action_at=(attempt.finished_read_at or now) + gap)
    _log.info("reconcile.first_proof", post_id=loaded.post.id, container=container.id)


def _conclude_published(
    ctx: WorkerContext, loaded: Loaded, part: Part, attempt: Attempt, media_id: str, *, how: str
) -> None:
    with ctx.database.transaction() as tx:
        record_published(tx, loaded, part, attempt, media_id, from_=PostState.UNCERTAIN, how=how)


def _unreadable(ctx: WorkerContext, loaded: Loaded, attempt: Attempt, error: GraphError) -> None:
    _log.info("reconcile.unreadable", post_id=loaded.post.id, error_class=error.error_class.value, code=error.code)
    if error.error_class is ErrorClass.AUTH:
        with ctx.database.transaction() as tx:
            break_account(tx, loaded.account.id, token_seen=loaded.account.token_sealed, reason=error.advice)
    _wait(ctx, loaded, attempt)


def _wait(
    ctx: WorkerContext, loaded: Loaded, attempt: Attempt, *, until: datetime | None = None, found: int = 0
) -> None:
    now = clock.now()
    if now - attempt.intent_at > GIVE_UP_AFTER:
        what = "several media match it" if found > 1 else "what became of it could not be read"
        _review(ctx, loaded, attempt, f"a day after the publish call {what}")
        return
    with ctx.database.transaction() as tx:
        attempts.count_read(tx, attempt.id, finished_at=None)
        claims.finish(tx, loaded.lease, next_action_at=until or now + _pause(attempt))


def _pause(attempt: Attempt) -> timedelta:
    doublings = min(attempt.reads // 2, 10)
    return min(_SHORTEST * (1 << doublings), _LONGEST)


def _review(ctx: WorkerContext, loaded: Loaded, attempt: Attempt, why: str) -> None:
    message = f"{why}. Look at {loaded.account.name} on Instagram: is the post there? Then resolve it by hand"
    with ctx.database.transaction() as tx:
        record_needs_review(tx, loaded, attempt, message)
