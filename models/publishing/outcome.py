"""What an outcome of a once-only call means for the rows: all of them, in one transaction.

Called by the worker with an answer or with what reading proved, and by the scheduler with what a person decided. That a
call has worked is true whoever holds the row by now; everything else is kept only under the claim that was held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from models.accounts import block, quota
from models.history.media import bind_media
from models.owed import claims, seizing
from models.posts.event import Cause, record_event
from models.posts.part import Part, parts_of
from models.posts.post import Post
from models.posts.states import PostState, transition
from models.publishing import attempt as attempts
from models.publishing.attempt import Action, Attempt, AttemptState, Said, SettledBy
from models.publishing.container import Container, ContainerStatus
from models.publishing.reply import Reply, ReplyState
from models.telling.notice import NoticeKind, tell_of_post
from pressrun.log import redact

ASKED_AGAIN = "comment.asked_again"
"""The event of a person's wish that the first comment be tried once more: what failed before does not count then."""
COMMENT, PERMALINK = "comment", "permalink"
"""What a published post may be missing."""
ONCE = "once"
"""And that it is live once: a late answer has named another media than the one that is shown."""


@dataclass(frozen=True)
class Sent:
    """One publish attempt of a post. `claim` is the one its worker holds; None for what is true whoever holds it."""

    post: Post
    part: Part
    attempt: Attempt
    claim: int | None
    subject: str = ""
    """How messages name the media item."""


def record_published(tx: Session, sent: Sent, media_id: str, *, from_: PostState, by: SettledBy, now: datetime) -> None:
    """The part is live under this media id; with the last part the post is published.

    Raises ClaimLost when the post has moved on: nothing of it is kept then.
    """
    attempts.settle(tx, sent.attempt.id, AttemptState.SUCCEEDED, now=now, by=by, result_id=media_id)
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
    stays = bool(left) and from_ not in _IN_DOUBT  # with a person, or on its way
    known: dict[str, object] = {} if stays else {"error": None, "error_class": None}
    if tops[0].id == sent.part.id:
        known |= {"media_id": media_id, "sent_at": sent.attempt.sent_at or sent.attempt.intent_at}
    if not left:
        known["published_at"] = now
    if known:
        tx.execute(update(Post).where(Post.id == sent.post.id).values(**known))
    told = Cause(
        "publish.succeeded",
        f"{sent.subject}published as media {media_id}",
        detail={"media_id": media_id, "how": _HOW[by], "attempt_id": sent.attempt.id},
    )
    if stays:
        _tell_and_seize(tx, sent.post.id, told)
        return
    to = PostState.STAGED if left else PostState.PUBLISHED
    is_live = sent.claim is None
    transition(tx, sent.post.id, from_=from_, to=to, claim=sent.claim, cause=told, next_action_at=now, is_live=is_live)
    claims.wake_schedulers(tx)


_IN_DOUBT = (PostState.PUBLISHING, PostState.UNCERTAIN, PostState.NEEDS_REVIEW)


def _tell_and_seize(tx: Session, post_id: int, told: Cause) -> None:
    post = tx.get_one(Post, post_id, populate_existing=True)
    tell(tx, post, told)
    seizing.seize(tx, "posts", post_id, due_at=post.next_action_at)


_HOW = {SettledBy.ANSWER: "answered", SettledBy.READING: "found by reading", SettledBy.PERSON: "a person"}


def record_commented(tx: Session, post: Post, attempt: Attempt, comment_id: str | None, *, by: SettledBy) -> None:
    """The first comment stands. `comment_id` is None where only a person has seen it."""
    tx.execute(update(Post).where(Post.id == post.id).values(comment_id=comment_id, wait_reason=None))
    note_found(tx, post.id, COMMENT)
    told = Cause("comment.posted", "first comment posted", detail={"comment_id": comment_id, "how": _HOW[by]})
    tell(tx, post, told)


def record_replied(
    tx: Session, reply_id: int, comment_id: str, *, claim: int | None, by: SettledBy, now: datetime
) -> None:
    """The reply stands, and nothing more is owed for it. Raises ClaimLost if it has passed on from that claim."""
    held = Reply.claim == claim if claim is not None else true()
    found: Any = tx.execute(
        update(Reply)
        .where(Reply.id == reply_id, Reply.state != ReplyState.SENT.value, held)
        .values(
            state=ReplyState.SENT.value,
            comment_id=comment_id,
            error=None,
            settled_by=by.value,
            settled_at=now,
            next_action_at=None,
            leased_until=None,
        )
    )
    if claim is not None and found.rowcount != 1:
        raise claims.ClaimLost(f"reply {reply_id} is no longer held under claim {claim}")


def record_undone(
    tx: Session,
    attempt: Attempt,
    *,
    now: datetime,
    state: AttemptState = AttemptState.NOT_DONE,
    by: SettledBy | None = None,
    said: Said | None = None,
) -> bool:
    """Nothing came of this attempt: its place in the quota is free again. False if it was settled before."""
    settled = attempts.settle(tx, attempt.id, state, now=now, by=by, said=said)
    if attempt.action == Action.PUBLISH.value:
        quota.release(tx, attempt.id)
    return settled


def open_attempt(tx: Session, post_id: int) -> tuple[Part, Attempt] | None:
    """The publish attempt of the post whose outcome is not known, with its part. Locked: an answer may come in late."""
    row = tx.execute(
        select(Part, Attempt)
        .join(Attempt, Attempt.part_id == Part.id)
        .where(
            Attempt.post_id == post_id,
            Attempt.action == Action.PUBLISH.value,
            Attempt.state.in_([AttemptState.INTENT.value, AttemptState.UNKNOWN.value, AttemptState.NEEDS_REVIEW.value]),
        )
        .with_for_update(of=Attempt)
        .execution_options(populate_existing=True)
    ).first()
    return (row[0], row[1]) if row else None


def note_missing(
    tx: Session,
    post_id: int,
    what: str,
    why: str,
    *,
    kind: NoticeKind | None = NoticeKind.POST_INCOMPLETE,
    answer: Cause | None = None,
) -> None:
    """A published post lacks something, and nobody is about to bring it: its error says so until that is mended.

    Args:
        kind: as what people are told of it; None where a person has said it, or they have been told.
        answer: what Instagram said.
    """
    post = tx.get_one(Post, post_id, with_for_update=True, populate_existing=True)
    _say_missing(post, (post.missing or {}) | {what: redact(why)})
    tx.flush()
    if kind is not None:
        said = answer or Cause(what)
        tell_of_post(tx, post_id, kind, why, error_class=said.error_class, code=said.code, subcode=said.subcode)


def note_found(tx: Session, post_id: int, *found: str) -> None:
    """It does not lack these, or they are tried once more."""
    post = tx.get_one(Post, post_id, with_for_update=True, populate_existing=True)
    if post.missing is not None:
        _say_missing(post, {name: why for name, why in post.missing.items() if name not in found})
        tx.flush()


def _say_missing(post: Post, missing: dict[str, str]) -> None:
    post.missing = missing or None
    post.error = "; ".join(missing[name] for name in (ONCE, COMMENT, PERMALINK) if name in missing) or None
    post.error_class = "incomplete" if missing else None


def tell(tx: Session, post: Post, told: Cause) -> None:
    """An event of a post that stays in its state."""
    record_event(tx, post.id, told, from_state=post.state, to_state=post.state)
