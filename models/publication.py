"""What it means that a part went out, or did not: attempt, quota, container, part, post and event in one transaction.

Called by the worker with an answer or with what reading proved, and by the scheduler with what a person decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import attempt as attempts
from models import block, claims, quota
from models.attempt import Attempt, AttemptState
from models.container import Container, ContainerStatus
from models.event import Cause
from models.media import bind_media
from models.part import Part, parts_of
from models.post import Post
from models.states import PostState, transition


@dataclass(frozen=True)
class Sent:
    """One publish attempt of a post. `claim` is the one its worker holds; None for a person's decision."""

    post: Post
    part: Part
    attempt: Attempt
    claim: int | None
    subject: str = ""
    """How messages name the media item."""


def record_published(tx: Session, sent: Sent, media_id: str, *, from_: PostState, how: str, now: datetime) -> None:
    """The part is live under this media id; with the last part the post is published.

    Raises ClaimLost when the post has moved on: nothing of it is kept then.
    """
    attempts.settle(tx, sent.attempt.id, AttemptState.SUCCEEDED, now=now, result_id=media_id)
    quota.mark_used(tx, sent.attempt.id, now=now)
    if sent.attempt.error_class is not None:  # it was answered with an error: perhaps with a suspicion
        block.record_live(tx, sent.post.account_id, sent.attempt.id, now=now)
    tx.execute(
        update(Container)
        .where(Container.id == sent.attempt.container_id)
        .values(status_code=ContainerStatus.PUBLISHED.value)
    )
    tx.execute(update(Part).where(Part.id == sent.part.id).values(media_id=media_id, published_at=now))
    bind_media(tx, sent.post.account_id, media_id, sent.part.id, now=now)
    tops = [part for part in parts_of(tx, sent.post.id) if part.parent_id is None]
    left = [part for part in tops if part.id != sent.part.id and part.media_id is None]
    known: dict[str, object] = {"error": None, "error_class": None}
    if tops[0].id == sent.part.id:
        known |= {"media_id": media_id, "sent_at": sent.attempt.sent_at or sent.attempt.intent_at}
    if not left:
        known["published_at"] = now
    tx.execute(update(Post).where(Post.id == sent.post.id).values(**known))
    told = Cause(
        "publish.succeeded",
        f"{sent.subject}published as media {media_id}",
        detail={"media_id": media_id, "how": how, "attempt_id": sent.attempt.id},
    )
    to = PostState.STAGED if left else PostState.PUBLISHED
    transition(tx, sent.post.id, from_=from_, to=to, claim=sent.claim, cause=told, next_action_at=now)
    claims.wake_schedulers(tx)


def record_undone(tx: Session, attempt: Attempt, *, now: datetime, message: str | None = None) -> None:
    """Nothing was published by this attempt: its place in the quota is free again."""
    attempts.settle(tx, attempt.id, AttemptState.NOT_DONE, now=now, message=message)
    quota.release(tx, attempt.id)


def open_attempt(tx: Session, post_id: int) -> tuple[Part, Attempt] | None:
    """The publish attempt of the post whose outcome is not known, with its part. Locked: an answer may come in late."""
    row = tx.execute(
        select(Part, Attempt)
        .join(Attempt, Attempt.part_id == Part.id)
        .where(
            Attempt.post_id == post_id,
            Attempt.action == attempts.Action.PUBLISH.value,
            Attempt.state.in_([AttemptState.INTENT.value, AttemptState.UNKNOWN.value, AttemptState.NEEDS_REVIEW.value]),
        )
        .with_for_update(of=Attempt)
        .execution_options(populate_existing=True)
    ).first()
    return (row[0], row[1]) if row else None
