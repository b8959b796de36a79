"""What a person may still want of a queued post: cancel, edit, pause, resume, retry, resolve; and of an account.

Each is one transaction that compares the state it found: whoever commits first wins. A change raises the claim, so a
worker that is just staging the post loses it and can finish nothing. Once the publish intent is committed nothing can
be taken back, and the caller is told so.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from models.accounts import block, quota
from models.accounts.account import Account, AccountState, get_account, lock_account, set_state
from models.owed import claims
from models.posts.event import Cause
from models.posts.need import ask_again, need_by
from models.posts.part import Part, drop_parts, parts_of
from models.posts.post import Post, get_post
from models.posts.states import CANCELABLE, PostState, transition
from models.publishing import attempt as attempts
from models.publishing import late, outcome
from models.publishing.attempt import Action, Attempt, Said, SettledBy, Target
from models.publishing.container import drop_containers
from models.publishing.outcome import Sent
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, UsageError
from pressrun.settings import Settings
from pressrun.versions import Seen, is_as_seen, told
from scheduler.posts.content import set_alt_texts, set_content
from scheduler.posts.queueing import Checked, add_parts, due_for_staging


def cancel(tx: Session, post_id: int, *, why: str | None = None) -> None:
    """Take the post back. Canceling it again changes nothing. Raises NotPossible once it may have been sent."""
    post = _locked(tx, post_id)
    if post.state == PostState.CANCELED.value:
        return
    _require(post, CANCELABLE, "canceled")
    live = [part for part in parts_of(tx, post_id) if part.media_id is not None]
    message = f"canceled{f': {why}' if why else ''}"
    if live:
        message += f"; {len(live)} of its media had gone out already"
    _move(tx, post, PostState.CANCELED, Cause("post.canceled", message))


def pause(tx: Session, post_id: int) -> None:
    """Hold the post until it is resumed. Raises NotPossible once it may have been sent."""
    post = _locked(tx, post_id)
    if post.state == PostState.DRAFT.value:
        return
    _require(post, CANCELABLE, "paused")
    _move(tx, post, PostState.DRAFT, Cause("post.paused", "paused"), wait_reason="paused")


def resume(tx: Session, post_id: int, settings: Settings) -> None:
    """Let a paused post go on. One whose time has passed goes out at once or expires, by its own rule."""
    post = _locked(tx, post_id)
    _require(post, (PostState.DRAFT,), "resumed")
    _schedule(tx, post, settings, Cause("post.resumed", "resumed"))


def read_time(tx: Session, post_id: int, text: str, *, now: datetime) -> datetime:
    """A time as a person writes it, in the zone of the post. Raises Invalid."""
    try:
        return clock.parse_instant(text, clock.zone(get_post(tx, post_id).timezone), reference=now, needs_time=True)
    except UsageError as problem:
        problem.field = "publish_at"
        raise


def retry(tx: Session, post_id: int, settings: Settings, *, now: datetime, publish_at: datetime | None = None) -> None:
    """Queue a failed or expired post again, by default for now. What has gone out of it already stays as it is.

    Raises Invalid for a time in the past; NotPossible in any other state.
    """
    if publish_at is not None and publish_at < now:
        raise Invalid(
            "the time is in the past; without one the post is queued for now", type="post.in_past", field="publish_at"
        )
    ask_again(tx, post_id, now=now, needed_at=publish_at or now)
    need_by(tx, {post_id: publish_at or now})
    post = _locked(tx, post_id)
    _require(post, (PostState.FAILED, PostState.EXPIRED), "retried")
    drop_containers(tx, post_id, reason="retried", now=now)
    post.publish_at = publish_at or now
    post.error = post.error_class = None
    tx.flush()
    _schedule(tx, post, settings, Cause("post.retried", f"queued again for {post.publish_at.isoformat()}"))


def require_version(post: Post, seen: Seen) -> None:
    """Raises Conflict when somebody has changed the post since the version that the caller has seen."""
    if seen is not None and not is_as_seen(post.version, seen):
        raise Conflict(
            f"post {post.id} has been changed since: you have seen {told(seen)}, it is at version {post.version}. "
            "Look at it again, then say what is to be changed",
            type="post.changed",
            field="version",
            ids={"post": post.id, "version": post.version},
        )


def edit(tx: Session, seen: Post, checked: Checked, settings: Settings, *, now: datetime, new: Collection[str]) -> None:
    """Give the post other content or another time. What Instagram has prepared from the old content is dropped.

    Args:
        seen: the post as it was when its content was checked with the changes.
        new: the columns that were changed.

    Raises:
        Conflict: somebody has changed the post since.
        NotPossible: it, or one of its parts, may have been sent.
    """
    post = _locked(tx, seen.id)
    require_version(post, seen.version)
    _require(post, CANCELABLE, "changed")
    if any(part.media_id is not None for part in parts_of(tx, post.id)):
        raise NotPossible(
            f"post {post.id} has gone out in part and can no longer be edited",
            type="post.not_possible",
            ids={"post": post.id},
        )
    was_draft = post.state == PostState.DRAFT.value
    drop_containers(tx, post.id, reason="edited", now=now)
    if "media" in new:
        drop_parts(tx, post.id, now=now)
        add_parts(tx, post, checked.wish, checked.preflight)
    else:
        set_alt_texts(tx, post.id, checked.wish.alt_texts)
    set_content(tx, post, checked, has_new_cover="cover_url" in new)
    told = Cause("post.edited", f"edited; due {post.publish_at.isoformat()}")
    if was_draft:
        _move(tx, post, PostState.DRAFT, told, wait_reason="paused")
    else:
        _schedule(tx, post, settings, told)


def resolve_published(tx: Session, post_id: int, media_id: str, *, now: datetime) -> None:
    """A person has seen that the post is live as this media."""
    if not (media_id.isascii() and media_id.isdigit()):
        raise Invalid(f"{media_id!r} is not a media id: it consists of digits", type="media.id", field="media_id")
    lock_account(tx, get_post(tx, post_id).account_id)  # before the post, for its place in the quota
    post = _locked(tx, post_id)
    if outcome.ONCE in (post.missing or {}):
        _is_live_once(tx, post, media_id)
        return
    _require(post, (PostState.NEEDS_REVIEW,), "resolved")
    owner = tx.scalar(select(Part.post_id).where(Part.media_id == media_id))
    if owner is not None:
        raise Conflict(
            f"media {media_id} belongs to post {owner} already: which media is this post?",
            type="media.taken",
            field="media_id",
            ids={"post": owner, "media": media_id},
        )
    part, attempt = _attempt_to_resolve(tx, post, now)
    if attempt.result_id not in (None, media_id):
        raise _is_known_as(post, attempt)
    sent = Sent(post, part, attempt, claim=None)
    outcome.record_published(tx, sent, media_id, from_=PostState.NEEDS_REVIEW, by=SettledBy.PERSON, now=now)


def resolve_not_published(tx: Session, post_id: int, *, now: datetime) -> None:
    """A person has seen that the post is not live: it has failed, and may be retried.

    Raises NotPossible when Instagram has said that it is: its answer came late, or a retry would publish it twice.
    """
    post = _locked(tx, post_id)
    _require(post, (PostState.NEEDS_REVIEW,), "resolved")
    found = outcome.open_attempt(tx, post_id)
    if found is not None:
        known = found[1] if found[1].result_id is not None else late.kept(tx, late.target_of(found[1]))
        if known is not None:
            raise _is_known_as(post, known)
        said = Said("a person saw that it was not published")
        outcome.record_undone(tx, found[1], now=now, by=SettledBy.PERSON, said=said)
    drop_containers(tx, post_id, reason="resolved as not published", now=now)
    message = "a person saw that it was not published; it may be retried"
    tx.execute(update(Post).where(Post.id == post_id).values(error=message, error_class=None))
    _move(tx, post, PostState.FAILED, Cause("post.resolved", message))


def _is_live_once(tx: Session, post: Post, media_id: str) -> None:
    """A person has taken down what a late answer had named beside the media that the post is shown as."""
    if media_id != post.media_id:
        raise Conflict(
            f"post {post.id} is shown as media {post.media_id}: take {media_id} down, then resolve it as that",
            type="post.live_twice",
            field="media_id",
            ids={"post": post.id, "media": post.media_id or ""},
        )
    outcome.note_found(tx, post.id, outcome.ONCE)
    outcome.tell(tx, post, Cause("post.resolved", f"a person saw that it is live once, as media {media_id}"))


def pause_account(tx: Session, account: Account, *, why: str | None, reading: bool = False) -> None:
    """Let nothing of the account go out, and with `reading` read nothing of it either, until it is resumed."""
    set_state(tx, account.id, AccountState.PAUSED, reason=why or "paused by a person")
    tx.execute(update(Account).where(Account.id == account.id).values(is_reading_paused=reading))


def resume_account(tx: Session, account: Account, *, now: datetime) -> int:
    """Let the account go on, and read it again; returns how many of its posts go on. A backlog goes out spaced.

    A hold of Instagram's outlasts a pause; of an account that is held back and not paused, a person ends it.
    """
    locked = lock_account(tx, account.id)
    locked.is_reading_paused = False
    tx.flush()
    if locked.state == AccountState.BLOCKED.value:
        return block.lift(tx, account.id, now=now)
    return block.reactivate(tx, account.id, now=now)


def _locked(tx: Session, post_id: int) -> Post:
    """The post under its row lock: a worker's intent comes before or after this change, never between."""
    tx.execute(text("SELECT 1 FROM posts WHERE id = :id FOR NO KEY UPDATE"), {"id": post_id})
    return get_post(tx, post_id)


def _require(post: Post, states: tuple[PostState, ...], done: str) -> None:
    if post.state in states:
        return
    why = {
        PostState.PUBLISHING.value: "it is being sent to Instagram right now",
        PostState.UNCERTAIN.value: "it has been sent to Instagram, and whether it is live is being found out",
        PostState.PUBLISHED.value: f"it has gone out as media {post.media_id}",
        PostState.NEEDS_REVIEW.value: "it may be live: look, then resolve it",
    }.get(post.state, f"it is {post.state}")
    raise NotPossible(
        f"post {post.id} cannot be {done}: {why}",
        type="post.needs_review" if post.state == PostState.NEEDS_REVIEW.value else "post.not_possible",
        ids={"post": post.id},
    )


def _is_known_as(post: Post, attempt: Attempt) -> NotPossible:
    return NotPossible(
        f"post {post.id} is live as media {attempt.result_id}: Instagram's answer said so, only too late. "
        "Resolve it as published with that media",
        type="post.is_live",
        field="media_id",
        ids={"post": post.id, "media": attempt.result_id or ""},
    )


def _attempt_to_resolve(tx: Session, post: Post, now: datetime) -> tuple[Part, Attempt]:
    """The call in doubt; where none of ours is known, one is written down for what the person has seen."""
    found = outcome.open_attempt(tx, post.id)
    if found is not None:
        return found
    part = next(part for part in parts_of(tx, post.id) if part.parent_id is None and part.media_id is None)
    attempt = attempts.record_intent(tx, Target.of_part(Action.PUBLISH, part), claim=post.claim, now=now)
    quota.reserve(tx, get_account(tx, post.account_id), attempt.id, now=now)
    return part, attempt


def _schedule(tx: Session, post: Post, settings: Settings, told: Cause) -> None:
    due_at = due_for_staging(post.publish_at, settings)
    _move(tx, post, PostState.SCHEDULED, told, next_action_at=due_at)
    claims.wake_schedulers(tx)


def _move(
    tx: Session,
    post: Post,
    to: PostState,
    told: Cause,
    *,
    next_action_at: datetime | None = None,
    wait_reason: str | None = None,
) -> None:
    transition(
        tx,
        post.id,
        from_=PostState(post.state),
        to=to,
        claim=None,
        cause=told,
        next_action_at=next_action_at,
        wait_reason=wait_reason,
    )
