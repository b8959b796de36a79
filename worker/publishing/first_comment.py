"""The first comment of a published post: how it is sent and looked for, and what its outcome means for the post."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from graph.client import GraphClient
from models.owed import claims, seizing
from models.posts.event import Cause, PostEvent
from models.posts.post import Post, get_post
from models.publishing import outcome
from models.publishing.attempt import Action, Attempt, AttemptState, SettledBy, Target, latest_attempt, record_intent
from models.store import server_clock
from models.telling.notice import NoticeKind
from pressrun import clock
from pressrun.media.captions import normal_form
from worker.backoff import AFTERCARE
from worker.context import WorkerContext
from worker.once.call import send
from worker.once.comments import STANDS_AFTER, Place, look
from worker.once.kind import Again, Once
from worker.once.reading import lose_sight, reconcile
from worker.once.sight import Sight
from worker.publishing.loaded import Loaded, read
from worker.publishing.standing import judge

MOST_SENDS = 3
MOST_TRIES = 20
"""Of what Instagram refuses in passing."""


class FirstComment(Once):
    name = reading_name = "comment"
    patience, most_tries, most_lost = AFTERCARE, MOST_TRIES, MOST_SENDS
    first_look_after = timedelta(seconds=20)
    settles_after = STANDS_AFTER

    def __init__(self, ctx: WorkerContext, loaded: Loaded, attempt: Attempt, *, asked_at: datetime | None) -> None:
        super().__init__(ctx, loaded.lease, loaded.account, attempt)
        self.loaded, self.part, self._asked_at = loaded, loaded.top_parts[0], asked_at

    @property
    def target(self) -> Target:
        return Target.of_part(Action.COMMENT, self.part)

    @property
    def tries(self) -> int:
        return self.loaded.post.tries

    @property
    def asked_at(self) -> datetime:
        return self._asked_at or self.loaded.post.created_at

    def call(self, client: GraphClient, *, deadline_s: float) -> str:
        post = self.loaded.post
        return client.comments.create(self.part.media_id or "", post.first_comment or "", deadline_s=deadline_s)

    def look(self, client: GraphClient) -> Sight:
        media_id = self.part.media_id or ""
        return look(self, Place(lambda after: client.comments.page(media_id, after=after), is_newest_first=True))

    def done(self, tx: Session, result_id: str, *, by: SettledBy, is_held: bool) -> None:
        outcome.record_commented(tx, self.loaded.post, self.attempt, result_id, by=by)
        if is_held:
            self._next(tx, clock.now())  # what else is owed

    def doubt(self, tx: Session, told: Cause, *, look_at: datetime | None) -> None:
        outcome.tell(tx, self.loaded.post, told)
        if look_at is not None:
            self._next(tx, look_at)

    def again(self, tx: Session, told: Cause, again: Again) -> None:
        outcome.tell(tx, self.loaded.post, told)
        waits = {"tries": again.tries, "wait_reason": again.wait_reason}
        tx.execute(update(Post).where(Post.id == self.loaded.post.id).values(waits))
        self._next(tx, again.at)

    def fail(self, tx: Session, told: Cause) -> None:
        outcome.tell(tx, self.loaded.post, told)
        why = (told.message or "").removesuffix(".")
        said = f"the first comment does not stand: {why}. Write it by hand, or have it tried again"
        self._leave(tx, Cause("comment.given_up", said), NoticeKind.POST_INCOMPLETE, answer=told)

    def unsent(self, tx: Session, told: Cause) -> None:
        post = get_post(tx, self.loaded.post.id)
        outcome.tell(tx, post, told)
        seizing.seize(tx, self.lease.table, post.id, due_at=clock.now())

    def twice(self, tx: Session, told: Cause) -> None:
        post = get_post(tx, self.loaded.post.id)
        said = f"its first comment may stand twice: {told.message}"
        outcome.note_missing(tx, post.id, outcome.ONCE, said)
        outcome.tell(tx, post, told)

    def question(self, why: str) -> str:
        return f"whether the first comment stands cannot be told: {why}. Look at the post, then say whether it does"

    def review(self, tx: Session, question: str) -> None:
        self._leave(tx, Cause("comment.needs_review", question), NoticeKind.COMMENT_NEEDS_REVIEW)

    def _leave(self, tx: Session, told: Cause, kind: NoticeKind, *, answer: Cause | None = None) -> None:
        said = told.message or told.reason
        outcome.note_missing(tx, self.loaded.post.id, outcome.COMMENT, said, kind=kind, answer=answer)
        tx.execute(update(Post).where(Post.id == self.loaded.post.id).values(wait_reason=None))
        outcome.tell(tx, self.loaded.post, told)
        self._next(tx, clock.now())

    def _next(self, tx: Session, at: datetime) -> None:
        claims.finish(tx, self.lease, next_action_at=at)


def is_owed(tx: Session, loaded: Loaded) -> bool:
    """Whether the comment is neither there, nor given up, nor a person's to decide."""
    post, part = loaded.post, loaded.top_parts[0]
    if not post.first_comment or post.comment_id is not None or part.media_id is None:
        return False
    if outcome.COMMENT in (post.missing or {}):
        return False
    last = latest_attempt(tx, Target.of_part(Action.COMMENT, part))
    return last is None or last.state not in (AttemptState.SUCCEEDED.value, AttemptState.NEEDS_REVIEW.value)


def step(ctx: WorkerContext, loaded: Loaded) -> None:
    """Send the comment that is owed, or read what became of it; the post then has its next date."""
    intent = _intend(ctx, loaded)
    if intent is None:
        return
    comment, is_lost = intent
    if not is_lost:
        send(comment)
        return
    if comment.attempt.state == AttemptState.INTENT.value:
        lose_sight(comment)
    reconcile(comment)


def _intend(ctx: WorkerContext, loaded: Loaded) -> tuple[FirstComment, bool] | None:
    """The comment and whether it was sent before; None while the account may do nothing: it waits as a post would."""
    with ctx.database.transaction() as tx:
        now = server_clock.read(tx)
        target = Target.of_part(Action.COMMENT, loaded.top_parts[0])
        last = latest_attempt(tx, target)
        is_lost = last is not None and last.state in (AttemptState.INTENT.value, AttemptState.UNKNOWN.value)
        if last is not None and is_lost:
            loaded = read(tx, claims.renew(tx, loaded.lease))
        else:
            judged = judge(tx, ctx, loaded.lease, now)
            if judged is None:
                return None
            loaded = judged
            if ctx.stopping.is_set():
                claims.finish(tx, loaded.lease, next_action_at=now)
                return None
            words = normal_form(loaded.post.first_comment)
            last = record_intent(tx, target, claim=loaded.lease.claim, now=now, words=words)
        return FirstComment(ctx, loaded, last, asked_at=_asked_at(tx, loaded.post.id)), is_lost


def _asked_at(tx: Session, post_id: int) -> datetime | None:
    asked = (PostEvent.post_id == post_id) & (PostEvent.reason == outcome.ASKED_AGAIN)
    return tx.scalar(select(func.max(PostEvent.at)).where(asked))
