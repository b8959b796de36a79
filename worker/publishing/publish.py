"""Publishing one staged part: reserve, write the intent down, call once, write the outcome down.

    tx 1   claim held, account locked, quota place reserved, attempt `intent`, post `publishing`
    call   media_publish, once, within the lease
    tx 2   attempt and post settled

A crash after tx 1 must read as "perhaps sent": whoever finds the post in `publishing` reconciles it by reading. So the
intent is committed before the call, never with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.accounts import quota
from models.accounts.account import Account
from models.owed import claims
from models.posts.event import Cause
from models.posts.post import Post, posts_ahead, words_of
from models.posts.states import PostState
from models.publishing import attempt as attempts
from models.publishing.attempt import Action, Target
from models.publishing.container import USABLE_FOR, Container, ContainerStatus, drop_container
from models.store import server_clock
from pressrun import clock
from pressrun.clock import Deadline
from pressrun.failpoints import reach
from worker.context import WorkerContext
from worker.once.call import send
from worker.publishing.loaded import Loaded, move
from worker.publishing.media_publish import MediaPublish
from worker.publishing.stage import read_quota
from worker.publishing.standing import Park, ask_again_at, is_too_early, judge, park_post

BACKLOG_AFTER = timedelta(seconds=60)
"""A post that is later than this belongs to a backlog."""
_READING_IS_FRESH = timedelta(seconds=30)


@dataclass(frozen=True)
class QuotaFull:
    """The window is full as far as we know; Instagram's own figure may say otherwise."""

    loaded: Loaded
    park: Park


def run(ctx: WorkerContext, lease: claims.Lease) -> None:
    """Publish the next part of the post, or say why it waits."""
    reach("publish.before_intent")
    intent = _intend(ctx, lease)
    if isinstance(intent, QuotaFull):
        intent = _ask_instagram(ctx, lease, intent)
    if intent is not None:
        send(intent)


def _ask_instagram(ctx: WorkerContext, lease: claims.Lease, full: QuotaFull) -> MediaPublish | None:
    """Before a post waits for the window, the account's true figure is read once."""
    read_at = full.loaded.account.quota_read_at
    if (read_at is None or clock.now() - read_at > _READING_IS_FRESH) and read_quota(ctx, full.loaded):
        again = _intend(ctx, lease)
        if not isinstance(again, QuotaFull):
            return again
        full = again
    with ctx.database.transaction() as tx:
        park_post(tx, full.loaded, full.park)
    return None


def _intend(ctx: WorkerContext, lease: claims.Lease) -> MediaPublish | QuotaFull | None:
    """Tx 1. None when the post may not go out now; it has then been moved on."""
    with ctx.database.transaction() as tx:
        now = server_clock.read(tx)
        loaded = judge(tx, ctx, lease, now, locked=True)
        if loaded is None:
            return None
        lease, account = loaded.lease, loaded.account
        part = loaded.unpublished[0]
        container = loaded.containers.get(part.id)
        if not _may_send(ctx, tx, loaded, container, now) or container is None or container.ig_id is None:
            return None
        full = _window_full(tx, loaded, now)
        if full is not None:
            return QuotaFull(loaded, full)
        lease_s = ctx.settings.lease.total_seconds()
        deadline = Deadline.strict(lease_s)
        attempt = attempts.record_intent(
            tx,
            Target.of_part(Action.PUBLISH, part),
            claim=lease.claim,
            now=clock.now(),
            words=words_of(loaded.post),
            container_id=container.id,
        )
        quota.reserve(tx, account, attempt.id, now=now)
        told = Cause("publish.intent", f"{loaded.subject(part)}publishing", detail={"attempt_id": attempt.id})
        move(tx, loaded, PostState.PUBLISHING, told, from_=PostState.STAGED, lease_s=lease_s)
        renewed = claims.Lease(lease.table, lease.id, lease.claim, deadline, lease_s)
        return MediaPublish(ctx, loaded.renewed(renewed), part, attempt, from_=PostState.PUBLISHING)


def _may_send(ctx: WorkerContext, tx: Session, loaded: Loaded, container: Container | None, now: datetime) -> bool:
    """Everything but the quota. On False the post has been moved on in this transaction."""
    if is_too_early(loaded.post, now):
        claims.finish(tx, loaded.lease, next_action_at=loaded.post.publish_at)
        return False
    park = _spacing(ctx, tx, loaded.account, loaded.post, now)
    if park is not None:
        park_post(tx, loaded, park)
        return False
    if (
        container is None
        or container.status_code != ContainerStatus.FINISHED.value
        or now - container.created_at > USABLE_FOR
    ):
        if container is not None:
            drop_container(tx, container.id, reason="too old to publish", now=now)
        told = Cause("container.replaced", "the media container is too old to publish; it is made again")
        move(tx, loaded, PostState.SCHEDULED, told, next_action_at=now)
        return False
    return True


def _window_full(tx: Session, loaded: Loaded, now: datetime) -> Park | None:
    window = quota.window(tx, loaded.account, now=now)
    if not window.is_full:
        return None
    until = ask_again_at(loaded.post, now, until=window.frees_at)
    message = (
        f"the publishing quota is used up ({window.used} of {window.total} in the window); "
        f"next try {until:%Y-%m-%d %H:%M:%S} UTC"
    )
    return Park(until, "quota", message)


def _spacing(ctx: WorkerContext, tx: Session, account: Account, post: Post, now: datetime) -> Park | None:
    """The account's least time between two posts; the parts of one post follow each other at once.

    A backlog keeps a distance even where the account asks for none, so that an outage does not end in a burst. Each
    waiting post gets a date of its own, oldest first.
    """
    spacing = timedelta(seconds=account.min_spacing_s)
    if now - post.publish_at > BACKLOG_AFTER:
        spacing = max(spacing, ctx.settings.backlog_spacing)
    if not spacing:
        return None
    last = attempts.last_intent_at(tx, account.id, except_post=post.id)
    ahead = posts_ahead(tx, post, now=now)
    free_at = max(last + spacing if last else now, now) + ahead * spacing
    if free_at <= now:
        return None
    return Park(free_at, "spacing", f"keeps {spacing.total_seconds():g} s of distance to the account's other posts")
