"""Whether a post may go on right now: its lateness, its account, the gate, the clock. What every step begins with.

Post and account are read and judged in one transaction, by the database's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from models.accounts.account import lock_account
from models.owed import claims
from models.owed.gate import Purpose
from models.posts.event import Cause
from models.posts.post import IfLate, Post, get_post
from models.posts.slot import next_free_slot
from models.posts.states import PostState
from models.publishing.container import drop_containers
from models.store import server_clock
from pressrun.clock import Deadline
from pressrun.log import redact
from pressrun.network.hints import Hint
from worker import boundary
from worker.context import WorkerContext
from worker.obstacles import HeldBack, Obstacle, held_back
from worker.publishing.loaded import Loaded, move, read

ASK_AGAIN = timedelta(minutes=1)
"""How often Instagram is asked whether a full window has a place: another tool's places free themselves unannounced."""
LAST_LOOK = timedelta(seconds=5)
"""How long before a post's last moment it is looked at once more."""
_LOOK_AGAIN = timedelta(hours=1)
"""How often a post is looked at whose account only a person can mend: whoever does wakes it."""


@dataclass(frozen=True)
class Park:
    """Not now. `reason` is one word for the row, `message` a line for the timeline."""

    until: datetime
    reason: str
    message: str


def open_post(ctx: WorkerContext, lease: claims.Lease, *, only_reads: bool = False) -> Loaded | None:
    """What every step begins with: the post, if it may go on right now; else it has been parked, moved or expired.

    Args:
        only_reads: the step only reads; a hold or a pause of the account does not keep it back.

    Raises ClaimLost.
    """
    with ctx.database.transaction() as tx:
        return judge(tx, ctx, lease, server_clock.read(tx), only_reads=only_reads)


def judge(
    tx: Session,
    ctx: WorkerContext,
    lease: claims.Lease,
    now: datetime,
    *,
    locked: bool = False,
    only_reads: bool = False,
) -> Loaded | None:
    """The same in a transaction of the caller's, who goes on in it.

    Read and judged in one: a resume that commits in between would find a post that somebody works on and leave it to
    them, who would put it off for an account that is active again.

    Args:
        now: by the database's clock.
        locked: the caller needs the account's row lock whatever is found.
        only_reads: as of `open_post`.
    """
    account = lock_account(tx, get_post(tx, lease.id).account_id) if locked else None
    if account is None:
        loaded = read(tx, lease)
        if _unhindered(tx, ctx, loaded, now, only_reads=only_reads):
            # Read before the claim is renewed: whoever changes the post takes it.
            return loaded.renewed(claims.renew(tx, lease))
        # Under its row lock, which whoever makes it active holds until it has woken the posts that it finds waiting.
        account = lock_account(tx, loaded.account.id)
    held = held_back(tx, ctx, account, Purpose.PUBLISH, now=now, only_reads=only_reads)
    loaded = read(tx, claims.renew(tx, lease))
    if is_too_late(loaded.post, now):
        leave_time(tx, ctx, loaded, now)
        return None
    if held is not None:
        park_post(tx, loaded, _park(loaded.post, held, now))
        return None
    return loaded


def begin(
    ctx: WorkerContext, hint: Hint, go_on: Callable[[WorkerContext, Loaded], None], *, only_reads: bool = False
) -> boundary.Begun | None:
    """Take the post of a hint and read it, in one transaction; None, with nothing taken, where anything keeps it back.

    Args:
        go_on: the step, from there.
    """
    lease_s = ctx.settings.lease.total_seconds()
    with ctx.database.transaction() as tx:
        now = server_clock.read(tx)
        try:
            loaded = read(tx, claims.Lease("posts", hint.id, hint.claim, Deadline.strict(0), lease_s))
        except NoResultFound:
            return None
        if not _unhindered(tx, ctx, loaded, now, only_reads=only_reads):
            return None
        lease = claims.take(tx, "posts", hint.id, hint.claim, lease_s=lease_s, holder=ctx.holder)
    return None if lease is None else (lease, partial(_go_on, go_on, loaded))


def _go_on(
    go_on: Callable[[WorkerContext, Loaded], None], loaded: Loaded, ctx: WorkerContext, lease: claims.Lease
) -> None:
    go_on(ctx, loaded.renewed(lease))


def _unhindered(tx: Session, ctx: WorkerContext, loaded: Loaded, now: datetime, *, only_reads: bool) -> bool:
    """Whether nothing keeps it back, by what has been read of it."""
    held = held_back(tx, ctx, loaded.account, Purpose.PUBLISH, now=now, only_reads=only_reads)
    return held is None and not is_too_late(loaded.post, now)


def is_too_early(post: Post, now: datetime) -> bool:
    """Whether its time has yet to come, whatever woke it."""
    return now < post.publish_at


def is_too_late(post: Post, now: datetime) -> bool:
    """Whether the post may no longer go out at its own time."""
    is_owed = post.state != PostState.PUBLISHED.value and post.if_late != IfLate.PUBLISH.value
    return is_owed and now > last_moment(post)


def leave_time(tx: Session, ctx: WorkerContext, loaded: Loaded, now: datetime) -> None:
    """What the post's own rule says when it is too late: it takes its account's next free slot, or expires.

    The caller holds the account's row lock: of two late posts each gets a slot of its own.
    """
    post = loaded.post
    late_s = round((now - post.publish_at).total_seconds())
    why = f"it would be {late_s} s late, and at most {post.max_lateness_s} s were allowed"
    if post.if_late == IfLate.NEXT_SLOT.value:
        slot = next_free_slot(tx, loaded.account, after=now, except_post=post.id)
        if slot is not None:
            _take_slot(tx, ctx, loaded, slot, why, now)
            return
        why += ", and its account has no posting slots"
    _expire(tx, loaded, f"not published: {why}. Queue it again with a new time, or with if_late=publish")


def last_moment(post: Post) -> datetime:
    """Up to when it may go out at its own time."""
    return post.publish_at + timedelta(seconds=post.max_lateness_s)


def ask_again_at(post: Post, now: datetime, *, wait: timedelta = ASK_AGAIN, until: datetime | None = None) -> datetime:
    """When to look whether something that frees itself is free: at `until` if known, else after `wait`.

    A post that may be late for so long only is looked at once more just before that, and then told what became of it.
    """
    again_at = max(until or now + wait, now + timedelta(seconds=1))
    if post.if_late == IfLate.PUBLISH.value or post.state == PostState.PUBLISHED.value:
        return again_at
    last_look = last_moment(post) - LAST_LOOK
    if now < last_look < again_at:
        return last_look
    return _bounded(post, again_at, now)


def park_post(tx: Session, loaded: Loaded, park: Park) -> None:
    """Leave the post in its state until the date; a reason that stands already is not told again."""
    if loaded.post.wait_reason == park.reason:
        claims.finish(tx, loaded.lease, next_action_at=park.until)
        return
    move(
        tx,
        loaded,
        loaded.state,
        Cause("post.waiting", park.message, detail={"until": park.until.isoformat(), "wait_reason": park.reason}),
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
    tx.execute(update(Post).where(Post.id == loaded.post.id).values(publish_at=slot, version=Post.version + 1))
    told = f"moved to the next free slot, {slot:%Y-%m-%d %H:%M:%S} UTC: {why}"
    detail = {"was_due_at": loaded.post.publish_at.isoformat(), "publish_at": slot.isoformat()}
    due_at = max(slot - ctx.settings.stage_ahead, now)
    move(tx, loaded, PostState.SCHEDULED, Cause("post.moved", told, detail=detail), next_action_at=due_at)


def _park(post: Post, held: HeldBack, now: datetime) -> Park:
    until = _bounded(post, held.until or now + _LOOK_AGAIN, now)
    if held.obstacle is Obstacle.THROTTLED:
        return Park(until, held.obstacle.value, f"waits until Instagram lets calls in: {held.message}")
    return Park(until, held.obstacle.value, held.message)


def _bounded(post: Post, until: datetime, now: datetime) -> datetime:
    """No later than the moment at which the post leaves its time: what becomes of it is told then."""
    if post.if_late != IfLate.PUBLISH.value and post.state != PostState.PUBLISHED.value:
        until = min(until, last_moment(post) + timedelta(seconds=1))
    return max(until, now + timedelta(seconds=1))
