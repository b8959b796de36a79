"""Staging: create the containers of a post ahead of its time, so that one call is left when it falls due.

Each container is written down before the call that creates it: a lost answer then costs one place of Instagram's 400
per day, and is counted. Creating a container again is harmless, since nobody sees an unpublished one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import update
from sqlalchemy.orm import Session

from graph.answers.errors import GraphError, unreadable
from graph.publishing.publishing import ContainerSpec, CreatedContainer
from graph.wire.endpoints import Endpoint
from models.accounts import quota
from models.accounts.account import break_account, lock_account
from models.owed import claims, seizing
from models.owed.gate import Purpose
from models.posts.event import Cause
from models.posts.part import Part, PartKind
from models.posts.post import words_of
from models.posts.states import PostState
from models.publishing.container import (
    USABLE_FOR,
    Container,
    ContainerStatus,
    container_budget,
    containers_created,
    drop_container,
)
from models.ways.bucket_object import doubt
from models.ways.upload import Upload
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from pressrun.media.routes import Choice
from pressrun.network.hints import Hint
from worker import boundary
from worker.backoff import staging_wait
from worker.context import GateShut, WorkerContext
from worker.durable import durably
from worker.outcomes import Rule, Verdict, block, cause, staging_rule, wait_of
from worker.publishing import standing
from worker.publishing.loaded import Loaded, hand_back, move
from worker.publishing.specs import container_spec
from worker.publishing.standing import Park, fail, open_post, park_post
from worker.publishing.unfixed import with_media
from worker.ways import offering

FIRST_LOOK_AFTER = timedelta(seconds=1)
MOST_CONTAINERS = 40
"""Of one part, whatever the reasons: a loop of crashes must not eat the account's daily budget."""
QUOTA_READING_HOLDS = timedelta(hours=1)

_log = log.get(__name__)


def run(ctx: WorkerContext, lease: claims.Lease) -> None:
    """Create what is missing; a carousel's whole waits until its items are ready (`poll`)."""
    loaded = open_post(ctx, lease)
    if loaded is not None:
        go_on(ctx, loaded)


def begin(ctx: WorkerContext, hint: Hint) -> boundary.Begun | None:
    """The same from its hint, where nothing keeps the post back."""
    return standing.begin(ctx, hint, go_on)


def go_on(ctx: WorkerContext, loaded: Loaded) -> None:
    now = clock.now()
    fixed = with_media(ctx, loaded, now=now)
    if fixed is None:
        return
    loaded = fixed
    missing = [part for part in loaded.parts if _is_owed(loaded, part, now)]
    try:
        if not offering.are_there(ctx, loaded, missing):
            return
    except claims.ClaimLost:
        raise
    except PressrunError as problem:
        _fail(ctx, loaded, Cause("stage.refused", str(problem), error_class="invalid_media"))
        return
    for part in missing:
        made = create(ctx, loaded, part)
        if made is None:
            return
        loaded = made
    _read_quota(ctx, loaded, now)
    with ctx.database.transaction() as tx:
        staged = Cause("post.staging", f"media containers created: {len(loaded.containers)}")
        move(
            tx,
            loaded,
            PostState.STAGING,
            staged,
            next_action_at=clock.now() + FIRST_LOOK_AFTER,
            tries=loaded.post.tries,  # failures count until the post is staged
        )


def create(ctx: WorkerContext, loaded: Loaded, part: Part) -> Loaded | None:
    """One container; None when the post has been parked, put off, handed back or failed instead. Raises ClaimLost."""
    if ctx.stopping.is_set():
        hand_back(ctx, loaded)  # those that are made stay: whoever goes on makes the others
        return None
    try:
        spec, way = container_spec(ctx, loaded, part), offering.way_of(ctx, loaded, part)
    except PressrunError as problem:
        _fail(ctx, loaded, Cause("stage.refused", f"{loaded.subject(part)}{problem}", error_class="invalid_media"))
        return None
    noted = _note(ctx, loaded, part, way)
    if noted is None:
        return None
    loaded, container = noted
    reach("stage.before_container")
    try:
        created = _ask(ctx, loaded, spec)
    except GraphError as error:
        _refused(ctx, loaded, part, container.id, error)
        return None
    except GateShut as shut:
        _shut_out(ctx, loaded, container.id, shut)
        return None
    except PressrunError as problem:
        _fail(ctx, loaded, Cause("stage.refused", f"{loaded.subject(part)}{problem}", error_class="invalid_request"))
        return None
    reach("stage.after_container")

    store = partial(_store, loaded=loaded, part=part, container=container, created=created, is_upload=spec.resumable)
    lease = durably(ctx, loaded.lease, store)
    reach("stage.after_record")
    if lease is None:
        raise claims.ClaimLost(f"post {loaded.post.id} has passed on while its container was made")
    return replace(loaded, lease=lease, containers={**loaded.containers, part.id: container})


def _store(
    tx: Session, *, loaded: Loaded, part: Part, container: Container, created: CreatedContainer, is_upload: bool
) -> claims.Lease | None:
    """Also when the claim has passed on: the answer is true all the same. The lease with its full time, or None."""
    lease = claims.try_renew(tx, loaded.lease)  # the post's lock before the container's
    container.ig_id, container.status_code = created.id, ContainerStatus.IN_PROGRESS.value  # the row is detached
    known = {"ig_id": container.ig_id, "status_code": container.status_code}
    tx.execute(update(Container).where(Container.id == container.id).values(**known))
    if is_upload:
        _owe_upload(tx, loaded, part, container.id, created)
    return lease


def _ask(ctx: WorkerContext, loaded: Loaded, spec: ContainerSpec) -> CreatedContainer:
    created = ctx.client(loaded.account, Purpose.PUBLISH).publishing.create_container(spec)
    if spec.resumable and created.upload_url is None:
        raise unreadable(Endpoint.CREATE_CONTAINER, "the answer does not say where the video is to be uploaded")
    return created


def _owe_upload(tx: Session, loaded: Loaded, part: Part, container_id: int, created: CreatedContainer) -> None:
    tx.add(
        Upload(
            container_id=container_id,
            account_id=loaded.account.id,
            url=created.upload_url or "",
            sha256=part.media_sha256 or "",
            next_action_at=clock.now(),
        )
    )
    tx.flush()
    claims.wake_schedulers(tx)


def _shut_out(ctx: WorkerContext, loaded: Loaded, container_id: int, shut: GateShut) -> None:
    with ctx.database.transaction() as tx:
        seizing.lock(tx, loaded.lease.table, loaded.post.id)
        drop_container(tx, container_id, reason="gate was shut", now=clock.now())
        park_post(tx, loaded, Park(shut.until, "throttled", str(shut)))


def put_off(
    ctx: WorkerContext, loaded: Loaded, part: Part, container_id: int, error: GraphError, *, reason: str
) -> None:
    """What follows from a container that failed: again with a new one, later, or never."""
    rule = staging_rule(error)
    now = clock.now()
    told = cause(reason, error, subject=loaded.subject(part))
    with ctx.database.transaction() as tx:
        held_until = hold_account(tx, loaded, error, rule, now)
        loaded = loaded.renewed(claims.renew(tx, loaded.lease))
        drop_container(tx, container_id, reason=reason, now=now)
        if ctx.settings.s3_bucket is not None:
            doubt(tx, part.id)
        tries = loaded.post.tries + 1
        if rule.verdict is Verdict.RETRY and tries < rule.most and containers_created(tx, part.id) < MOST_CONTAINERS:
            again_at = now + staging_wait(loaded.post.tries)
            move(tx, loaded, PostState.SCHEDULED, told, next_action_at=again_at, tries=tries)
        elif rule.verdict in (Verdict.RETRY, Verdict.FAIL):
            fail(tx, loaded, told)
        elif rule.verdict is Verdict.BREAK_ACCOUNT and held_until is None:
            move(tx, loaded, PostState.SCHEDULED, told, next_action_at=now, tries=loaded.post.tries)
        else:
            wait_reason = "account" if held_until else error.error_class.value
            again_at = held_until or now + wait_of(error, rule)
            move(tx, loaded, PostState.SCHEDULED, told, next_action_at=again_at, wait_reason=wait_reason)


def hold_account(tx: Session, loaded: Loaded, error: GraphError, rule: Rule, now: datetime) -> datetime | None:
    """Until when the account is held back for it, None if it is not.

    Before the post's lock is taken (`models/__init__.py`).
    """
    account = loaded.account
    if rule.verdict is Verdict.BREAK_ACCOUNT:
        is_broken = break_account(tx, account.id, token_seen=account.token_sealed, reason=error.advice)
        return now + wait_of(error, rule) if is_broken else None
    if rule.verdict is Verdict.BLOCK_ACCOUNT:
        return block(tx, account.id, error, now=now)
    return None


def _note(ctx: WorkerContext, loaded: Loaded, part: Part, way: Choice | None) -> tuple[Loaded, Container] | None:
    """Write the container down before it is asked for; None when the account's budget is used up."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        lock_account(tx, loaded.account.id)  # the budget is counted and used by one at a time
        lease = claims.renew(tx, loaded.lease)
        stale = loaded.containers.get(part.id)
        if stale is not None:
            drop_container(tx, stale.id, reason="its answer was lost, or it is too old", now=now)
        left, frees_at = container_budget(tx, loaded.account.id, now=now)
        if left == 0 and frees_at is not None:
            message = "Instagram lets an account create 400 media containers in 24 h; all are used"
            park_post(tx, loaded, Park(frees_at, "container_budget", message))
            return None
        words = words_of(loaded.post) if part.parent_id is None else None
        container = Container(part_id=part.id, account_id=loaded.account.id, created_at=now, words=words)
        if way is not None:
            container.route, container.route_why = way.route.value, way.why
        tx.add(container)
        tx.flush()
        return loaded.renewed(lease), container


def _refused(ctx: WorkerContext, loaded: Loaded, part: Part, container_id: int, error: GraphError) -> None:
    _log.info("stage.refused", post_id=loaded.post.id, error_class=error.error_class.value, code=error.code)
    put_off(ctx, loaded, part, container_id, error, reason="stage.refused")


def _fail(ctx: WorkerContext, loaded: Loaded, told: Cause) -> None:
    with ctx.database.transaction() as tx:
        fail(tx, loaded, told)


def _read_quota(ctx: WorkerContext, loaded: Loaded, now: datetime) -> None:
    """Refresh Instagram's own figure ahead of the due second; a refusal changes nothing that is known."""
    read_at = loaded.account.quota_read_at
    if read_at is not None and now - read_at < QUOTA_READING_HOLDS:
        return
    read_quota(ctx, loaded)


def read_quota(ctx: WorkerContext, loaded: Loaded) -> bool:
    """Whether Instagram's figure of the publishing window could be read and kept."""
    # Before the call: what is settled while it is under way may be missing from its answer, and counts on top of it.
    asked_at = clock.now()
    try:
        limit = ctx.client(loaded.account, Purpose.PUBLISH).publishing.limit()
    except (GraphError, GateShut) as problem:
        _log.info("quota.unread", account_id=loaded.account.id, error=str(problem))
        return False
    with ctx.database.transaction() as tx:
        unusable = quota.record_reading(
            tx,
            loaded.account.id,
            usage=limit.quota_usage,
            total=limit.quota_total,
            duration_s=limit.quota_duration_s,
            asked_at=asked_at,
        )
    if unusable:
        _log.warning("quota.unusable", account_id=loaded.account.id, ignored=unusable)
    return True


def _is_owed(loaded: Loaded, part: Part, now: datetime) -> bool:
    is_whole = part.kind == PartKind.CAROUSEL.value
    return not is_whole and part.media_id is None and not _is_made(loaded, part, now)


def _is_made(loaded: Loaded, part: Part, now: datetime) -> bool:
    """Whether the part's container will do. One without an id, or too old for the due time, is made again."""
    container = loaded.containers.get(part.id)
    if container is None or container.ig_id is None:
        return False
    return container.created_at + USABLE_FOR > max(loaded.post.publish_at, now)
