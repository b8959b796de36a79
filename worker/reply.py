"""A reply to a mention or a comment: whether it may be sent now, how it is sent and looked for, what its outcome means.

Instagram shows the comments of the account's own media only; whether a reply below a stranger's media stands nobody can
read (graph-api.md §5.3, §7), and a person has to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from graph.client import GraphClient
from models.accounts.account import Account, get_account
from models.history.comment import Comment
from models.history.media import Media
from models.history.mention import Mention
from models.owed import claims, seizing
from models.owed.claims import ClaimLost, Lease
from models.owed.gate import Purpose
from models.posts.event import Cause
from models.publishing import outcome
from models.publishing.attempt import Attempt, AttemptState, SettledBy, Target, record_intent, unresolved_attempt
from models.publishing.reply import Reply, ReplyState, change
from models.telling.notice import News, NoticeKind, tell
from pressrun import clock
from pressrun.log import redact
from pressrun.media.captions import normal_form
from worker.backoff import PATIENT
from worker.context import WorkerContext
from worker.obstacles import HeldBack, Obstacle, held_back
from worker.once.call import send
from worker.once.comments import STANDS_AFTER, Place, look
from worker.once.kind import Again, Once
from worker.once.reading import lose_sight, reconcile
from worker.once.sight import Absent, Beyond, Sight

MOST_SENDS = 3
MOST_TRIES = 20
"""Of what fails in passing before anything has left."""

S = ReplyState


@dataclass(frozen=True)
class _Where:
    """What is answered, and what of it can be read."""

    ig_media_id: str | None
    ig_comment_id: str
    is_mention: bool
    """It is answered as a mention, and else as a comment below our own media."""
    is_ours: bool
    """It stands below media of the account itself, whose comments can be read."""
    is_nested: bool
    """It is itself a reply to a comment: where Instagram lists a reply to it is not documented."""


class Answer(Once):
    name = reading_name = "reply"
    patience, most_tries, most_lost = PATIENT, MOST_TRIES, MOST_SENDS
    first_look_after = timedelta(seconds=20)
    settles_after = STANDS_AFTER

    def __init__(
        self, ctx: WorkerContext, lease: Lease, account: Account, reply: Reply, where: _Where, attempt: Attempt
    ) -> None:
        super().__init__(ctx, lease, account, attempt)
        self.reply, self.where = reply, where
        self._from = S(reply.state)

    @property
    def target(self) -> Target:
        return Target.of_reply(self.reply.id)

    @property
    def tries(self) -> int:
        return self.reply.tries

    @property
    def asked_at(self) -> datetime:
        return self.reply.created_at

    def call(self, client: GraphClient, *, deadline_s: float) -> str:
        where, words = self.where, self.reply.text
        if not where.is_mention:
            return client.comments.reply(where.ig_comment_id, words, deadline_s=deadline_s)
        media_id, below = where.ig_media_id or "", where.ig_comment_id or None
        return client.mentions.create(media_id, words, below, deadline_s=deadline_s)

    def look(self, client: GraphClient) -> Sight:
        where = self.where
        if not where.is_ours:
            return Beyond("Instagram does not show comments below media of others")
        comment_id, media_id = where.ig_comment_id, where.ig_media_id or ""
        if not comment_id:
            return look(self, Place(lambda after: client.comments.page(media_id, after), is_newest_first=True))
        sight = look(self, Place(lambda after: client.comments.replies(comment_id, after), is_newest_first=False))
        if isinstance(sight, Absent) and where.is_nested:
            return Beyond("Instagram may list a reply to a reply elsewhere")
        return sight

    def done(self, tx: Session, result_id: str, *, by: SettledBy, is_held: bool) -> None:
        claim = self.lease.claim if is_held else None
        outcome.record_replied(tx, self.reply.id, result_id, claim=claim, by=by, now=clock.now())

    def doubt(self, tx: Session, told: Cause, *, look_at: datetime | None) -> None:
        self._move(tx, S.UNKNOWN, error=told.message)
        if look_at is not None:
            claims.finish(tx, self.lease, next_action_at=look_at)

    def again(self, tx: Session, told: Cause, again: Again) -> None:
        # The attempt counts as a call only if it may have left.
        left = told.reason == f"{self.name}.not_done"
        self._move(tx, S.QUEUED, error=told.message, tries=again.tries, sends=self.reply.sends - (not left))
        claims.finish(tx, self.lease, next_action_at=again.at)

    def fail(self, tx: Session, told: Cause) -> None:
        self._move(tx, S.FAILED, error=told.message, settled_by=SettledBy.ANSWER.value, settled_at=clock.now())
        claims.finish(tx, self.lease, next_action_at=None)

    def unsent(self, tx: Session, told: Cause) -> None:
        in_doubt = (S.SENDING.value, S.UNKNOWN.value, S.NEEDS_REVIEW.value)
        now = clock.now()
        values = {"state": S.QUEUED.value, "error": redact(told.message or ""), "next_action_at": now}
        values["sends"] = Reply.sends - 1
        tx.execute(update(Reply).where(Reply.id == self.reply.id, Reply.state.in_(in_doubt)).values(values))
        seizing.seize(tx, self.lease.table, self.reply.id, due_at=now)

    def twice(self, tx: Session, told: Cause) -> None:
        said = told.message or told.reason
        tx.execute(update(Reply).where(Reply.id == self.reply.id).values(error=redact(said)))
        self._ask(tx, f"it may stand twice: {said}")

    def question(self, why: str) -> str:
        return f"whether the reply stands cannot be told: {why}. Look at it on Instagram, then say whether it does"

    def review(self, tx: Session, question: str) -> None:
        self._move(tx, S.NEEDS_REVIEW, error=question)
        claims.finish(tx, self.lease, next_action_at=None)
        self._ask(tx, question)

    def _ask(self, tx: Session, question: str) -> None:
        """Have people told."""
        ids = {"mention": self.reply.mention_id, "comment": self.reply.to_comment_id}
        [(name, number)] = [(name, number) for name, number in ids.items() if number is not None]
        said = f"the reply to {name} {number}: {question}"
        tell(
            tx,
            News(NoticeKind.COMMENT_NEEDS_REVIEW, said, self.account.id, detail={"reply": self.reply.id, name: number}),
        )

    def _move(self, tx: Session, to: ReplyState, *, error: str | None, **values: object) -> None:
        values["error"] = redact(error) if error else None
        if not change(tx, self.reply.id, from_=self._from, to=to, claim=self.lease.claim, **values):
            raise ClaimLost(f"reply {self.reply.id} is no longer {self._from}")


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One step of a reply. Raises ClaimLost once the claim has passed to someone else."""
    found = _open(ctx, lease, now=clock.now())
    if found is None:
        return
    if found.reply.state == S.SENDING.value and found.attempt.claim == found.lease.claim:
        send(found)
        return
    if found.attempt.state == AttemptState.INTENT.value:
        lose_sight(found)
        found._from = S.UNKNOWN
    reconcile(found)


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> Answer | None:
    """The reply with its attempt: the unresolved one, or one that is now an intent."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        reply = tx.get_one(Reply, lease.id)
        account = get_account(tx, reply.account_id)
        if reply.state not in {S.QUEUED.value, S.SENDING.value, S.UNKNOWN.value}:
            claims.finish(tx, lease, next_action_at=None)
            return None
        if reply.state != S.QUEUED.value:
            attempt = unresolved_attempt(tx, Target.of_reply(reply.id))
        else:
            held = held_back(tx, ctx, account, Purpose.PUBLISH, now=now)
            if held is not None:
                _wait(tx, lease, reply, held, now)
                return None
            if ctx.stopping.is_set():
                claims.finish(tx, lease, next_action_at=now)
                return None
            attempt = _intend(tx, lease, reply, now)
        if attempt is None:
            raise AssertionError(f"reply {reply.id} is {reply.state} without an unresolved attempt")
        return Answer(ctx, lease, account, reply, _where(tx, reply), attempt)


def _intend(tx: Session, lease: Lease, reply: Reply, now: datetime) -> Attempt:
    target, words = Target.of_reply(reply.id), normal_form(reply.text)
    attempt = record_intent(tx, target, claim=lease.claim, now=now, words=words)
    reply.state, reply.intent_at, reply.sends = S.SENDING.value, now, reply.sends + 1
    tx.flush()
    return attempt


def _wait(tx: Session, lease: Lease, reply: Reply, held: HeldBack, now: datetime) -> None:
    if held.obstacle is Obstacle.THROTTLED:
        reply.error = redact(held.message)  # an account's own state is told where the account is
        tx.flush()
    claims.finish(tx, lease, next_action_at=held.look_at(now))


def _where(tx: Session, reply: Reply) -> _Where:
    """Own media are listed, and only their comments are announced as comments."""
    if reply.to_comment_id is not None:
        comment = tx.get_one(Comment, reply.to_comment_id)
        is_nested = comment.parent_ig_id is not None
        return _Where(comment.ig_media_id, comment.ig_id, is_mention=False, is_ours=True, is_nested=is_nested)
    mention = tx.get_one(Mention, reply.mention_id)
    known = (Comment.account_id == mention.account_id) & (Comment.ig_id == mention.ig_comment_id)
    media = exists().where(Media.account_id == mention.account_id, Media.ig_id == mention.ig_media_id)
    is_ours = bool(tx.scalar(select(media | exists().where(known))))
    is_nested = bool(tx.scalar(select(exists().where(known, Comment.parent_ig_id.is_not(None)))))
    return _Where(mention.ig_media_id, mention.ig_comment_id, is_mention=True, is_ours=is_ours, is_nested=is_nested)
