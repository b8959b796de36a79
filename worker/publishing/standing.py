"""Whether a post may go on right now: its lateness, its account, the gate. Checked before every step that acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.account import Account, AccountState, lock_account
from models.container import drop_containers
from models.event import Cause
from models.gate import Purpose
from models.post import IfLate, Post
from models.slot import next_free_slot
from models.states import PostState
from pressrun.log import redact
from worker.context import WorkerContext
from worker.obstacles import Obstacle, held_back
from worker.publishing.loaded import Loaded, move

_LOOK_AGAIN = timedelta(hours=1)
"""How often a post is looked at whose account only a person can mend: whoever does wakes it."""


@dataclass(frozen=True)
class Park:
    """Not now. `reason` is one word for the row, `message` a line for the timeline."""

    until: datetime
    reason: str
    message: str


def is_too_late(post: Post, now: datetime) -> bool:
    """Whether the post may no longer go out at its own time."""
    return post.if_late != IfLate.PUBLISH.value and now > last_moment(post)


def leave_time(tx: Session, ctx: WorkerContext, loaded: Loaded, now: datetime) -> None:
    """What the post's own rule says when it is too late: it takes its account's next free slot, or expires."""
    post = loaded.post
    late_s = round((now - post.publish_at).total_seconds())
    why = f"it would be {late_s} s late, and at most {post.max_lateness_s} s were allowed"
    if post.if_late == IfLate.NEXT_SLOT.value:
        # Under the account's lock: of two late posts each gets a slot of its own.
        slot = next_free_slot(tx, lock_account(tx, post.account_id), after=now, except_post=post.id)
        if slot is not None:
            _take_slot(tx, ctx, loaded, slot, why, now)
            return
        why += ", and its account has no posting slots"
    _expire(tx, loaded, f"not published: {why}. Queue it again with a new time, or with if_late=publish")


def last_moment(post: Post) -> datetime:
    return post.publish_at + timedelta(seconds=post.max_lateness_s)


def obstacle(tx: Session, ctx: WorkerContext, post: Post, account: Account, now: datetime) -> Park | None:
    """What keeps the post from going on because its account may not act; None when nothing does."""
    held = held_back(tx, ctx, account, Purpose.PUBLISH, now=now)
    if held is None:
        return None
    if held.obstacle is Obstacle.THROTTLED:
        message = f"waits until Instagram lets calls in: {held.message}"
        return Park(_bounded(post, held.until or now + _LOOK_AGAIN, now), held.obstacle.value, message)
    # Under its row lock, which whoever makes it active holds until it has woken the posts that it finds waiting.
    if lock_account(tx, account.id).state == AccountState.ACTIVE.value:
        return Park(
            _bounded(post, now, now), held.obstacle.value, f"account {account.name} has just become active again"
        )
    return Park(_bounded(post, held.until or now + _LOOK_AGAIN, now), held.obstacle.value, held.message)


def settle_standing(ctx: WorkerContext, loaded: Loaded, now: datetime) -> bool:
    """Whether the step may act; if not, the post has been parked or expired."""
    with ctx.database.transaction() as tx:
        if is_too_late(loaded.post, now):
            leave_time(tx, ctx, loaded, now)
            return False
        park = obstacle(tx, ctx, loaded.post, loaded.account, now)
        if park is not None:
            park_post(tx, loaded, park)
            return False
    return True


def park_post(tx: Session, loaded: Loaded, park: Park) -> None:
    """Leave the post in its state until the date; a reason that stands already is not told again."""
    known = loaded.post.wait_reason == park.reason
    reason = "post.waiting_still" if known else "post.waiting"
    detail = {"until": park.until.isoformat(), "wait_reason": park.reason}
    move(
        tx,
        loaded,
        loaded.state,
        Cause(reason, park.message, detail=detail),
        next_action_at=park.until,
        wait_reason=park.reason,
        tries=loaded.post.tries,
    )


def fail(tx: Session, loaded: Loaded, cause: Cause) -> None:
    """End the post with what went wrong, for a person."""
    tell(tx, loaded.post.id, in_all(loaded, cause.message or cause.reason), cause.error_class)
    move(tx, loaded, PostState.FAILED, cause)


def in_all(loaded: Loaded, message: str) -> str:
    """The message of an end, with how much of the post went out before it."""
    done = [part for part in loaded.top_parts if part.media_id is not None]
    return f"{len(done)} of {len(loaded.top_parts)} went out; {message}" if done else message


def tell(tx: Session, post_id: int, message: str | None, error_class: str | None) -> None:
    """What the post shows as its error; None clears it."""
    tx.execute(
        update(Post)
        .where(Post.id == post_id)
        .values(error=redact(message) if message else None, error_class=error_class)
    )


def _expire(tx: Session, loaded: Loaded, message: str) -> None:
    told = in_all(loaded, message)
    tell(tx, loaded.post.id, told, "expired")
    move(tx, loaded, PostState.EXPIRED, Cause("post.expired", told))


def _take_slot(tx: Session, ctx: WorkerContext, loaded: Loaded, slot: datetime, why: str, now: datetime) -> None:
    # A container lives for 24 h only, and a slot may be days away: it is made anew ahead of its new time.
    drop_containers(tx, loaded.post.id, reason="moved to another slot", now=now)
    tx.execute(update(Post).where(Post.id == loaded.post.id).values(publish_at=slot))
    told = f"moved to the next free slot, {slot:%Y-%m-%d %H:%M:%S} UTC: {why}"
    detail = {"was_due_at": loaded.post.publish_at.isoformat(), "publish_at": slot.isoformat()}
    due_at = max(slot - ctx.settings.stage_ahead, now)
    move(tx, loaded, PostState.SCHEDULED, Cause("post.moved", told, detail=detail), next_action_at=due_at)


def _bounded(post: Post, until: datetime, now: datetime) -> datetime:
    """No later than the moment at which the post leaves its time: what becomes of it is told then."""
    if post.if_late != IfLate.PUBLISH.value and post.state != PostState.PUBLISHED.value:
        until = min(until, last_moment(post) + timedelta(seconds=1))
    return max(until, now + timedelta(seconds=1))
