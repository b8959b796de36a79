"""What a person may want of a published post that lacks something: try it again, or say that the first comment stands.

What the worker has given up is told on the post (`missing`); nothing of it comes by itself.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from models.owed import claims
from models.posts.event import Cause
from models.posts.part import parts_of
from models.posts.post import Post, get_post
from models.posts.states import PostState
from models.publishing import attempt as attempts
from models.publishing import late, outcome
from models.publishing.attempt import Action, Attempt, AttemptState, Said, SettledBy, Target
from pressrun.errors import NotPossible


def retry_missing(tx: Session, post_id: int, *, now: datetime) -> None:
    """Try once more what a published post lacks.

    Raises NotPossible when it lacks nothing, or when the comment may stand already: that is a person's to say first.
    """
    post = _locked(tx, post_id)
    last = _comment(tx, post)
    if last is not None and last.state == AttemptState.NEEDS_REVIEW.value:
        raise NotPossible(
            f"the first comment of post {post_id} may stand: look, then say whether it does",
            type="post.comment_undecided",
            ids={"post": post_id},
        )
    missing = {name for name in post.missing or {} if name != outcome.ONCE}
    if not missing:
        raise NotPossible(f"post {post_id} lacks nothing", type="post.nothing_missing", ids={"post": post_id})
    if outcome.COMMENT in missing:
        outcome.tell(tx, post, Cause(outcome.ASKED_AGAIN, "the first comment is to be tried again"))
    outcome.note_found(tx, post_id, *missing)
    tx.execute(update(Post).where(Post.id == post_id).values(tries=0, next_action_at=now))
    claims.wake_schedulers(tx)


def resolve_comment(tx: Session, post_id: int, *, was_sent: bool, now: datetime) -> None:
    """A person has looked at the first comment, or has written it. Raises NotPossible when it is not in doubt."""
    post = _locked(tx, post_id)
    last = _comment(tx, post)
    if post.state != PostState.PUBLISHED.value or outcome.COMMENT not in (post.missing or {}) or last is None:
        raise NotPossible(
            f"nothing is to be said about the first comment of post {post_id}",
            type="post.comment_not_in_doubt",
            ids={"post": post_id},
        )
    if was_sent:
        _is_there(tx, post, last, now)
        return
    if last.state == AttemptState.NEEDS_REVIEW.value:
        said = Said("a person saw that it does not stand")
        attempts.settle(tx, last.id, AttemptState.NOT_DONE, now=now, by=SettledBy.PERSON, said=said)
        earlier = late.adopt(tx, _target(tx, post.id), now=now)
        if earlier is not None:
            outcome.record_commented(tx, post, earlier, earlier.result_id, by=SettledBy.ANSWER)
            return
    why = "the first comment does not stand, a person saw: write it by hand, or have it tried again"
    outcome.note_missing(tx, post_id, outcome.COMMENT, why, kind=None)
    outcome.tell(tx, post, Cause("comment.resolved", why))


def _is_there(tx: Session, post: Post, last: Attempt, now: datetime) -> None:
    if last.state != AttemptState.NEEDS_REVIEW.value:  # none of ours stands: theirs is written down
        last = attempts.record_intent(tx, _target(tx, post.id), claim=post.claim, now=now, words=last.words)
    attempts.settle(tx, last.id, AttemptState.SUCCEEDED, now=now, by=SettledBy.PERSON)
    outcome.record_commented(tx, post, last, last.result_id, by=SettledBy.PERSON)


def _locked(tx: Session, post_id: int) -> Post:
    tx.execute(text("SELECT 1 FROM posts WHERE id = :id FOR UPDATE"), {"id": post_id})
    return get_post(tx, post_id)


def _comment(tx: Session, post: Post) -> Attempt | None:
    return attempts.latest_attempt(tx, _target(tx, post.id)) if post.first_comment else None


def _target(tx: Session, post_id: int) -> Target:
    return Target.of_part(Action.COMMENT, parts_of(tx, post_id)[0])
