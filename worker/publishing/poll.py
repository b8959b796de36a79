"""One look at the containers of a post: are they ready, broken, or still being processed?

A carousel's whole is created once all its items are ready. The looks go on while the account is held back or paused;
that creation waits. Waiting is a date in the row: the looks back off from two seconds to a minute, and come in time for
the due second.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from graph.answers.errors import ErrorClass, GraphError, classify_container_status
from graph.publishing.publishing import Container as Seen
from graph.publishing.publishing import ContainerStatus as SeenStatus
from graph.wire.endpoints import Endpoint
from models.owed import claims, seizing
from models.owed.gate import Purpose
from models.posts.event import Cause
from models.posts.part import Part, PartKind
from models.posts.states import PostState
from models.publishing.container import Container, ContainerStatus, drop_container
from models.ways.bucket_object import let_go
from models.ways.upload import Upload, UploadState, upload_to
from pressrun import clock
from pressrun.failpoints import reach
from pressrun.media.routes import Route
from pressrun.network.hints import Hint
from worker import boundary
from worker.backoff import staging_wait
from worker.context import GateShut, WorkerContext
from worker.outcomes import Verdict, cause, staging_rule, wait_of
from worker.publishing import standing
from worker.publishing.loaded import Loaded, move, with_time
from worker.publishing.stage import FIRST_LOOK_AFTER, create, hold_account, put_off
from worker.publishing.standing import Park, open_post, park_post, tell

STUCK_AFTER = timedelta(minutes=45)
"""A container that is still being processed after this long is replaced (long reels take minutes, not hours)."""
_SHORTEST = timedelta(seconds=2)
_LONGEST = timedelta(seconds=60)


def run(ctx: WorkerContext, lease: claims.Lease) -> None:
    """Look at every container that is not known to be ready."""
    loaded = open_post(ctx, lease, only_reads=True)
    if loaded is not None:
        go_on(ctx, loaded)


def begin(ctx: WorkerContext, hint: Hint) -> boundary.Begun | None:
    """The same from its hint, where nothing keeps the post back."""
    return standing.begin(ctx, hint, go_on, only_reads=True)


def go_on(ctx: WorkerContext, loaded: Loaded) -> None:
    for part in loaded.parts:
        if part.media_id is not None:
            continue
        looked = _look(ctx, loaded, part)
        if looked is None:
            return
        loaded = looked
    for part in loaded.unpublished:
        if part.kind == PartKind.CAROUSEL.value and part.id not in loaded.containers and _items_ready(loaded, part):
            may_create = open_post(ctx, loaded.lease)
            made = create(ctx, may_create, part) if may_create is not None else None
            if made is None:
                return
            loaded = made
    _conclude(ctx, loaded)


def _look(ctx: WorkerContext, loaded: Loaded, part: Part) -> Loaded | None:
    """Read one container; None when the post went another way because of what was found."""
    container = loaded.containers.get(part.id)
    if container is None:
        if part.kind == PartKind.CAROUSEL.value:
            return loaded
        _restage(ctx, loaded, "is missing")
        return None
    if container.ig_id is None:
        _restage(ctx, loaded, "has no id", container)
        return None
    if container.status_code == ContainerStatus.FINISHED.value:
        return loaded
    begun_at = container.created_at
    if container.route == Route.UPLOAD.value:
        with ctx.database.transaction() as tx:
            upload = upload_to(tx, container.id)
        if upload is None or upload.state != UploadState.DONE.value:
            return _not_uploaded(ctx, loaded, part, container, upload)
        begun_at = upload.settled_at or begun_at
    loaded = with_time(ctx, loaded)
    try:
        seen = ctx.client(loaded.account, Purpose.PUBLISH).publishing.container(container.ig_id)
    except GraphError as error:
        _unreadable(ctx, loaded, error)
        return None
    except GateShut as shut:
        with ctx.database.transaction() as tx:
            park_post(tx, loaded, Park(shut.until, "throttled", str(shut)))
        return None
    reach("poll.after_read")
    return _record(ctx, loaded, part, container, seen, begun_at)


def _not_uploaded(
    ctx: WorkerContext, loaded: Loaded, part: Part, container: Container, upload: Upload | None
) -> Loaded | None:
    """There is nothing to look at yet; None when there never will be."""
    if upload is not None and upload.state == UploadState.OWED.value:
        return loaded
    _drop_whole(ctx, loaded, part)
    if upload is None or upload.state == UploadState.DROPPED.value:
        _restage(ctx, loaded, "was never uploaded to", container)
        return None
    error = GraphError(
        endpoint=Endpoint.UPLOAD,
        error_class=ErrorClass(upload.error_class or ErrorClass.TRANSIENT.value),
        message=upload.error or "the upload failed",
        advice="The video was not uploaded; a new container is made where that may help.",
        code=int(upload.code) if upload.code and upload.code.isdigit() else upload.code,
        subcode=upload.subcode,
    )
    put_off(ctx, loaded, part, container.id, error, reason="upload.failed")
    return None


def _record(
    ctx: WorkerContext, loaded: Loaded, part: Part, container: Container, seen: Seen, begun_at: datetime
) -> Loaded | None:
    now = clock.now()
    finished = seen.status_code is SeenStatus.FINISHED
    values = {
        "status_code": seen.status_code.value,
        "status": seen.status,
        "polls": container.polls + 1,
        "polled_at": now,
        "finished_at": now if finished else None,
    }
    with ctx.database.transaction() as tx:
        # A look that stalled must not take a container back that others have seen finished, or published, since.
        loaded = loaded.renewed(claims.renew(tx, loaded.lease))
        tx.execute(update(Container).where(Container.id == container.id).values(**values))
        if finished and ctx.settings.s3_bucket is not None:
            let_go(tx, part.id)
            claims.wake_schedulers(tx)
    if seen.status_code in (SeenStatus.ERROR, SeenStatus.EXPIRED):
        _drop_whole(ctx, loaded, part)
        error = seen.error or classify_container_status(seen.status or str(seen.status_code))
        put_off(ctx, loaded, part, container.id, error, reason="container.failed")
        return None
    if seen.status_code is SeenStatus.PUBLISHED:
        _published_elsewhere(ctx, loaded, part)
        return None
    if not finished and now - begun_at > STUCK_AFTER:
        _drop_whole(ctx, loaded, part)
        _restage(ctx, loaded, "is stuck in processing", container)
        return None
    for name, value in values.items():
        setattr(container, name, value)  # the row is detached: this only says what is known in this step
    return loaded


def _conclude(ctx: WorkerContext, loaded: Loaded) -> None:
    now = clock.now()
    tops = [loaded.containers.get(part.id) for part in loaded.unpublished]
    if all(container and container.status_code == ContainerStatus.FINISHED.value for container in tops):
        with ctx.database.transaction() as tx:
            due_at = max(loaded.post.publish_at, now)
            move(tx, loaded, PostState.STAGED, Cause("post.staged", "ready to publish"), next_action_at=due_at)
            if due_at < now + claims.SOON:
                claims.wake_schedulers(tx)
        return
    with ctx.database.transaction() as tx:
        claims.finish(tx, loaded.lease, next_action_at=_next_look(loaded, now))


def _next_look(loaded: Loaded, now: datetime) -> datetime:
    """Sooner while the containers are young, and in time for the due second."""
    youngest = max((one.created_at for one in loaded.containers.values()), default=now)
    pause = min(max((now - youngest) / 5, _SHORTEST), _LONGEST)
    if now - youngest < _SHORTEST:
        pause = FIRST_LOOK_AFTER
    before_due = loaded.post.publish_at - now
    if timedelta(0) < before_due < pause:
        pause = max(before_due, FIRST_LOOK_AFTER)
    return now + pause


def _items_ready(loaded: Loaded, part: Part) -> bool:
    items = [loaded.containers.get(child.id) for child in loaded.children(part)]
    return all(item and item.status_code == ContainerStatus.FINISHED.value for item in items)


def _unreadable(ctx: WorkerContext, loaded: Loaded, error: GraphError) -> None:
    """A container that cannot be read just now is no failed container: look again, it lives for a day."""
    rule, now = staging_rule(error), clock.now()
    with ctx.database.transaction() as tx:
        is_held = hold_account(tx, loaded, error, rule, now)
        is_soon = rule.verdict is Verdict.RETRY or (rule.verdict is Verdict.BREAK_ACCOUNT and not is_held)
        again_at = now + (staging_wait(1) if is_soon else wait_of(error, rule))
        told, tries = cause("container.unreadable", error), loaded.post.tries
        wait_reason = "account" if is_held else None
        move(tx, loaded, PostState.STAGING, told, next_action_at=again_at, wait_reason=wait_reason, tries=tries)


def _restage(ctx: WorkerContext, loaded: Loaded, what: str, container: Container | None = None) -> None:
    with ctx.database.transaction() as tx:
        if container is not None:
            seizing.lock(tx, loaded.lease.table, loaded.post.id)
            drop_container(tx, container.id, reason=what, now=clock.now())
        told = Cause("container.replaced", f"a media container {what}; it is made again")
        move(tx, loaded, PostState.SCHEDULED, told, next_action_at=clock.now(), tries=loaded.post.tries)


def _drop_whole(ctx: WorkerContext, loaded: Loaded, part: Part) -> None:
    """A carousel's whole names its items: when one is replaced, so is the whole."""
    whole = loaded.containers.get(part.parent_id) if part.parent_id is not None else None
    if whole is not None:
        with ctx.database.transaction() as tx:
            drop_container(tx, whole.id, reason="an item was replaced", now=clock.now())


def _published_elsewhere(ctx: WorkerContext, loaded: Loaded, part: Part) -> None:
    message = (
        f"{loaded.subject(part)}Instagram says that this container is published already, though we sent no publish "
        "call for it: look at the account and decide"
    )
    with ctx.database.transaction() as tx:
        tell(tx, loaded.post.id, message, None)
        move(tx, loaded, PostState.NEEDS_REVIEW, Cause("container.published_elsewhere", message))
