"""Whether a post may go on right now: its lateness, its account, the gate. Checked before every step that acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import gate
from models.account import Account, AccountState, lift_block
from models.event import Cause
from models.gate import Purpose
from models.post import IfLate, Post
from models.states import PostState
from pressrun.log import redact
from worker.context import WorkerContext
from worker.loaded import Loaded, move

_LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True)
class Park:
    """Not now. `reason` is one word for the row, `message` a line for the timeline."""

    until: datetime
    reason: str
    message: str


def expired(post: Post, now: datetime) -> str | None:
    """Why the post may no longer go out, if so."""
    if post.if_late != IfLate.EXPIRE.value or now <= last_moment(post):
        return None
    allowed = f"{post.max_lateness_s} s"
    late_s = round((now - post.publish_at).total_seconds())
    return (
        f"not published: it would be {late_s} s late, and at most {allowed} were allowed. "
        "Queue it again with a new time, or with if_late=publish"
    )


def last_moment(post: Post) -> datetime:
    return post.publish_at + timedelta(seconds=post.max_lateness_s)


def obstacle(tx: Session, ctx: WorkerContext, post: Post, account: Account, now: datetime) -> Park | None:
    """What keeps the account from acting now; None when nothing does."""
    if account.state == AccountState.BLOCKED.value and account.state_until and account.state_until <= now:
        lift_block(tx, account.id, now=now)
    elif account.state != AccountState.ACTIVE.value:
        until = account.state_until or now + _LOOK_AGAIN
        message = f"account {account.name} is {account.state}: {account.state_reason or 'no reason given'}"
        return Park(_bounded(post, until, now), "account", message)
    shut = gate.barrier(tx, ctx.settings.app_id, account.id, Purpose.PUBLISH, now=now)
    if shut is not None:
        return Park(_bounded(post, shut.until, now), "throttled", f"waits until Instagram lets calls in: {shut.reason}")
    return None


def settle_standing(ctx: WorkerContext, loaded: Loaded, now: datetime) -> bool:
    """Whether the step may act; if not, the post has been parked or expired."""
    with ctx.database.transaction() as tx:
        over = expired(loaded.post, now)
        if over is not None:
            expire(tx, loaded, over)
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


def expire(tx: Session, loaded: Loaded, message: str) -> None:
    told = in_all(loaded, message)
    tell(tx, loaded.post.id, told, "expired")
    move(tx, loaded, PostState.EXPIRED, Cause("post.expired", told))


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


def _bounded(post: Post, until: datetime, now: datetime) -> datetime:
    """No later than the moment at which the post would expire: its end is told in time."""
    if post.if_late == IfLate.EXPIRE.value and post.state != PostState.PUBLISHED.value:
        until = min(until, last_moment(post) + timedelta(seconds=1))
    return max(until, now + timedelta(seconds=1))
