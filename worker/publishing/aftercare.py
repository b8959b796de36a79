"""After a post is live: its permalink (best effort) and its first comment (once).

The comment has the same care as the post: intent, one call, and reading when the answer is lost. Nothing here can turn
a published post into a failed one.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from graph.comments import Comment
from graph.errors import ErrorClass, GraphError
from models import attempt as attempts
from models import claims
from models.attempt import Action, Attempt, AttemptState
from models.event import Cause, record_event
from models.gate import Purpose
from models.part import Part
from models.post import Post
from pressrun import clock, log
from pressrun.failpoints import reach
from worker.backoff import AFTERCARE
from worker.context import GateShut, WorkerContext
from worker.outcomes import block, cause
from worker.publishing.loaded import Loaded, durably, load
from worker.publishing.standing import open_post, tell

MOST_PERMALINK_TRIES = 6
MOST_COMMENT_TRIES = 3
COMMENT_SETTLE = timedelta(minutes=5)
"""A comment that stands must be listed by then; its sender must have given up by then too (`settle`)."""
GIVE_UP_AFTER = timedelta(hours=24)
_READ_AGAIN = timedelta(seconds=20)
_MOST_PAGES = 4

_log = log.get(__name__)


def run(ctx: WorkerContext, lease: claims.Lease) -> None:
    """One round of what is still owed to a published post."""
    loaded = load(ctx, lease)
    try:
        _permalinks(ctx, loaded)
        owes_comment = loaded.post.first_comment and loaded.post.comment_id is None
        if owes_comment:
            judged = open_post(ctx, loaded.lease)
            if judged is None or not _comment(ctx, judged):
                return
    except GateShut as shut:
        _later(ctx, loaded, shut.until - clock.now())
        return
    _finish(ctx, loaded)


def _permalinks(ctx: WorkerContext, loaded: Loaded) -> None:
    client = ctx.client(loaded.account, Purpose.PUBLISH)
    for part in loaded.top_parts:
        if part.permalink is not None or part.media_id is None or loaded.post.tries >= MOST_PERMALINK_TRIES:
            continue
        try:
            permalink = client.media.permalink(part.media_id)
        except GraphError as error:
            # A fresh media reads 100/33 for minutes (graph-api.md §8): never a reason to doubt that it is live.
            _log.info("aftercare.permalink_unread", post_id=loaded.post.id, code=error.code, subcode=error.subcode)
            continue
        _keep_permalink(ctx, loaded, part, permalink)


def _keep_permalink(ctx: WorkerContext, loaded: Loaded, part: Part, permalink: str | None) -> None:
    if not permalink:
        return
    part.permalink = permalink  # the row is detached: this only says that it is known in this round
    with ctx.database.transaction() as tx:
        tx.execute(update(Part).where(Part.id == part.id).values(permalink=permalink))
        if part.id == loaded.top_parts[0].id:
            tx.execute(update(Post).where(Post.id == loaded.post.id).values(permalink=permalink))


def _finish(ctx: WorkerContext, loaded: Loaded) -> None:
    missing = [part for part in loaded.top_parts if part.media_id is not None and part.permalink is None]
    if missing and loaded.post.tries < MOST_PERMALINK_TRIES:
        _later(ctx, loaded, AFTERCARE.after(loaded.post.tries + 1))
        return
    with ctx.database.transaction() as tx:
        claims.finish(tx, loaded.lease, next_action_at=None)


def _later(ctx: WorkerContext, loaded: Loaded, wait: timedelta) -> None:
    with ctx.database.transaction() as tx:
        tx.execute(update(Post).where(Post.id == loaded.post.id).values(tries=Post.tries + 1))
        claims.finish(tx, loaded.lease, next_action_at=clock.now() + wait)


def _comment(ctx: WorkerContext, loaded: Loaded) -> bool:
    """Whether nothing more is owed for the comment; if not, the next round has its date."""
    part = loaded.top_parts[0]
    with ctx.database.transaction() as tx:
        open_attempt = attempts.unresolved_attempt(tx, part.id, Action.COMMENT)
        tried = attempts.count(tx, part.id, Action.COMMENT)
    if open_attempt is not None:
        return _reconcile_comment(ctx, loaded, part, open_attempt)
    if tried >= MOST_COMMENT_TRIES:
        _give_up(ctx, loaded)
        return True
    return _send_comment(ctx, loaded, part)


def _give_up(ctx: WorkerContext, loaded: Loaded) -> None:
    if loaded.post.error is not None:
        return  # told in an earlier round
    message = f"the first comment does not stand after {MOST_COMMENT_TRIES} tries: write it by hand"
    with ctx.database.transaction() as tx:
        claims.renew(tx, loaded.lease)
        tell(tx, loaded.post.id, message, None)
        _tell(tx, loaded, Cause("comment.given_up", message))


def _send_comment(ctx: WorkerContext, loaded: Loaded, part: Part) -> bool:
    text, media_id = loaded.post.first_comment, part.media_id
    if media_id is None or text is None:
        return True
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, loaded.lease)
        attempt = attempts.record_intent(
            tx,
            post_id=loaded.post.id,
            part_id=part.id,
            container_id=None,
            action=Action.COMMENT,
            claim=lease.claim,
            now=clock.now(),
        )
    loaded = loaded.renewed(lease)
    reach("comment.after_intent")
    if not ctx.may_call(lease):
        # A stall, a stop or a broken connection came in between: whoever has the post by now may have commented.
        _settle(ctx, loaded, attempt, AttemptState.NOT_DONE, None)
        _later(ctx, loaded, timedelta(seconds=1))
        return False
    try:
        comment_id = ctx.client(loaded.account, Purpose.PUBLISH).comments.create(media_id, text)
    except GateShut:
        _settle(ctx, loaded, attempt, AttemptState.NOT_DONE, None)
        raise
    except GraphError as error:
        reach("comment.after_response")
        return _comment_failed(ctx, loaded, attempt, error)
    reach("comment.after_response")
    _commented(ctx, loaded, attempt, comment_id)
    return True


def _comment_failed(ctx: WorkerContext, loaded: Loaded, attempt: Attempt, error: GraphError) -> bool:
    if error.error_class is ErrorClass.BLOCKED:
        with ctx.database.transaction() as tx:
            block(tx, loaded.account.id, error, now=clock.now())
    if not error.definite:
        _settle(ctx, loaded, attempt, AttemptState.UNKNOWN, cause("comment.unknown", error))
        _later(ctx, loaded, _READ_AGAIN)
        return False
    _settle(ctx, loaded, attempt, AttemptState.REFUSED, cause("comment.refused", error))
    if error.error_class in (ErrorClass.TRANSIENT, ErrorClass.THROTTLED, ErrorClass.NOT_READY, ErrorClass.BLOCKED):
        _later(ctx, loaded, AFTERCARE.after(loaded.post.tries + 1))
        return False
    return True


def _reconcile_comment(ctx: WorkerContext, loaded: Loaded, part: Part, attempt: Attempt) -> bool:
    """Read the comments of the post: the one with our text is ours, two would be one too many to tell."""
    if attempt.state == AttemptState.NEEDS_REVIEW.value:
        return True
    age = clock.now() - attempt.intent_at
    try:
        found = _our_comments(ctx, loaded, part)
    except GraphError as error:
        _log.info("comment.unreadable", post_id=loaded.post.id, code=error.code)
        if age > GIVE_UP_AFTER:
            return _review_comment(ctx, loaded, attempt)
        _later(ctx, loaded, min(age, timedelta(minutes=15)) + _READ_AGAIN)
        return False
    if len(found) == 1:
        _commented(ctx, loaded, attempt, found[0])
        return True
    if len(found) > 1:
        return _review_comment(ctx, loaded, attempt)
    if age > max(COMMENT_SETTLE, ctx.settings.settle):
        told = Cause("comment.not_done", "the first comment does not stand; it is sent again")
        _settle(ctx, loaded, attempt, AttemptState.NOT_DONE, told)
        _later(ctx, loaded, timedelta(seconds=1))
        return False
    _later(ctx, loaded, _READ_AGAIN)
    return False


def _our_comments(ctx: WorkerContext, loaded: Loaded, part: Part) -> list[str]:
    if part.media_id is None:
        return []
    wanted = (loaded.post.first_comment or "").strip()
    client = ctx.client(loaded.account, Purpose.PUBLISH)
    found: list[str] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = client.comments.page(part.media_id, after=after)
        found += [one.id for one in page.items if (one.text or "").strip() == wanted and _may_be_ours(one, loaded)]
        after = page.after if page.has_next else None
        if after is None:
            break
    return found


def _may_be_ours(comment: Comment, loaded: Loaded) -> bool:
    """Not written by somebody else; a name that we or the listing do not know excludes nothing."""
    ours = loaded.account.username
    return comment.username is None or ours is None or comment.username == ours


def _commented(ctx: WorkerContext, loaded: Loaded, attempt: Attempt, comment_id: str) -> None:
    def store(tx: Session) -> None:
        if not attempts.settle(tx, attempt.id, AttemptState.SUCCEEDED, now=clock.now(), result_id=comment_id):
            return  # found by reading while this sender stalled, and told already
        tx.execute(update(Post).where(Post.id == loaded.post.id).values(comment_id=comment_id))
        _tell(tx, loaded, Cause("comment.posted", "first comment posted", detail={"comment_id": comment_id}))

    durably(ctx, loaded.lease, store)
    reach("comment.after_record")


def _review_comment(ctx: WorkerContext, loaded: Loaded, attempt: Attempt) -> bool:
    message = "whether the first comment stands cannot be told: look at the post"
    _settle(ctx, loaded, attempt, AttemptState.NEEDS_REVIEW, Cause("comment.needs_review", message))
    with ctx.database.transaction() as tx:
        tx.execute(update(Post).where(Post.id == loaded.post.id).values(error=message))
    return True


def _settle(ctx: WorkerContext, loaded: Loaded, attempt: Attempt, state: AttemptState, told: Cause | None) -> None:
    def store(tx: Session) -> None:
        settled = attempts.settle(tx, attempt.id, state, now=clock.now(), message=told.message if told else None)
        if settled and told is not None:
            _tell(tx, loaded, told)

    durably(ctx, loaded.lease, store)


def _tell(tx: Session, loaded: Loaded, told: Cause) -> None:
    record_event(tx, loaded.post.id, told, from_state=loaded.post.state, to_state=loaded.post.state)
