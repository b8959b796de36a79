"""After a post is live: its permalink (best effort) and its first comment (once).

Nothing here can turn a published post into a failed one; what stays missing is told on the post.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from models.accounts.account import break_account
from models.asked.follow_up import kinds_of, owe_follow_ups
from models.owed import claims
from models.owed.gate import Purpose
from models.posts.part import Part
from models.posts.post import Post
from models.publishing import outcome
from models.telling.notice import NoticeKind
from pressrun import clock, log
from worker.backoff import AFTERCARE
from worker.context import WorkerContext
from worker.publishing import first_comment
from worker.publishing.loaded import Loaded, load

MOST_PERMALINK_TRIES = 6

_log = log.get(__name__)


def run(ctx: WorkerContext, lease: claims.Lease) -> None:
    """One round of what is still owed to a published post. Raises GateShut, with the row as it was."""
    loaded = load(ctx, lease)
    _follow_up(ctx, loaded)
    if _without_permalink(loaded) and loaded.post.tries < MOST_PERMALINK_TRIES:
        _read_permalinks(ctx, loaded)
    with ctx.database.transaction() as tx:
        owes_comment = first_comment.is_owed(tx, loaded)
    if owes_comment:
        first_comment.step(ctx, loaded)
    else:
        _finish(ctx, loaded)


def _follow_up(ctx: WorkerContext, loaded: Loaded) -> None:
    """Have looked at what comes of its invitations and its poll. Each round says so anew, and once is enough."""
    post, kinds = loaded.post, kinds_of(loaded.post.params, loaded.account.login)
    if not kinds or post.media_id is None or post.published_at is None:
        return
    with ctx.database.transaction() as tx:
        claims.renew(tx, loaded.lease)
        owe_follow_ups(
            tx,
            kinds,
            account_id=post.account_id,
            post_id=post.id,
            media_id=post.media_id,
            published_at=post.published_at,
            now=clock.now(),
        )


def _without_permalink(loaded: Loaded) -> list[Part]:
    return [part for part in loaded.top_parts if part.media_id is not None and part.permalink is None]


def _read_permalinks(ctx: WorkerContext, loaded: Loaded) -> None:
    client = ctx.client(loaded.account, Purpose.PUBLISH)
    refusal: GraphError | None = None
    for part in _without_permalink(loaded):
        try:
            permalink = client.media.permalink(part.media_id or "")
        except GraphError as error:
            # A fresh media reads 100/33 for minutes (graph-api.md §8): never a reason to doubt that it is live.
            _log.info("aftercare.permalink_unread", post_id=loaded.post.id, code=error.code, subcode=error.subcode)
            refusal = error
        else:
            _keep_permalink(ctx, loaded, part, permalink)
    if _without_permalink(loaded):
        _count_try(ctx, loaded, refusal)


def _keep_permalink(ctx: WorkerContext, loaded: Loaded, part: Part, permalink: str | None) -> None:
    if not permalink:
        return
    part.permalink = permalink  # the row is detached: this only says that it is known in this round
    with ctx.database.transaction() as tx:
        tx.execute(update(Part).where(Part.id == part.id).values(permalink=permalink))
        if part.id == loaded.top_parts[0].id:
            tx.execute(update(Post).where(Post.id == loaded.post.id).values(permalink=permalink))


def _count_try(ctx: WorkerContext, loaded: Loaded, refusal: GraphError | None) -> None:
    loaded.post.tries += 1  # detached, as above
    with ctx.database.transaction() as tx:
        if refusal is not None and refusal.error_class is ErrorClass.AUTH:  # the account before the post
            token = loaded.account.token_sealed
            break_account(tx, loaded.account.id, token_seen=token, reason=refusal.advice)
        claims.renew(tx, loaded.lease)
        tx.execute(update(Post).where(Post.id == loaded.post.id).values(tries=loaded.post.tries))


def _finish(ctx: WorkerContext, loaded: Loaded) -> None:
    """Nothing is owed for the comment: the permalink alone may need another round."""
    missing, tries = _without_permalink(loaded), loaded.post.tries
    with ctx.database.transaction() as tx:
        if missing and tries < MOST_PERMALINK_TRIES:
            claims.finish(tx, loaded.lease, next_action_at=clock.now() + AFTERCARE.after(tries))
            return
        _tell_permalink(tx, loaded, missing)
        claims.finish(tx, loaded.lease, next_action_at=None)


def _tell_permalink(tx: Session, loaded: Loaded, missing: list[Part]) -> None:
    if missing:
        said = (
            f"the address of {len(missing)} of its media could not be read in {loaded.post.tries} tries: "
            "look at the account, or have it tried again"
        )
        # The post may be come back to for its comment: what it lacks already was told.
        kind = None if outcome.PERMALINK in (loaded.post.missing or {}) else NoticeKind.POST_INCOMPLETE
        outcome.note_missing(tx, loaded.post.id, outcome.PERMALINK, said, kind=kind)
    else:
        outcome.note_found(tx, loaded.post.id, outcome.PERMALINK)
