"""Replies to mentions and to comments on own media: one row for each, and where it stands.

    queued → sending → sent | failed | unknown → sent | queued | needs_review → sent | failed (a person decides)

Each call is a row of `attempts`, as a post's is. While a reply of a number is open or has been sent, a partial unique
index makes another one of that number impossible: that is what keeps one mention or comment from being answered twice.
A second reply to the same has the next number, and is made only on request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, ForeignKey, Index, Integer, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.history.comment import Comment
from models.history.mention import Mention
from models.owed.claims import wake_schedulers
from models.owed.seizing import lock
from models.publishing import attempt as attempts
from models.publishing.attempt import AttemptState, SettledBy, Target
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of
from pressrun.errors import Conflict, NotPossible


class ReplyState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    """An attempt is an intent; found so without a lease, the call may or may not have been made."""
    UNKNOWN = "unknown"
    """The call was made, or may have been, and nothing proves what became of it."""
    SENT = "sent"
    FAILED = "failed"
    """It does not stand: Instagram refused it, or a person said so."""
    NEEDS_REVIEW = "needs_review"
    """Instagram offers no way to read whether it stands: a person has to look."""


S = ReplyState
OPEN = (S.QUEUED, S.SENDING, S.UNKNOWN, S.NEEDS_REVIEW)
OWED = (S.QUEUED, S.SENDING, S.UNKNOWN)


class Reply(Base):
    __tablename__ = "replies"
    __table_args__ = (
        one_of("state", ReplyState),
        CheckConstraint("state <> 'sent' OR comment_id IS NOT NULL OR settled_by = 'person'", name="sent_has_id"),
        CheckConstraint(
            "state NOT IN ('queued', 'sending', 'unknown') OR next_action_at IS NOT NULL", name="open_is_owed"
        ),
        CheckConstraint("num_nonnulls(mention_id, to_comment_id) = 1", name="to_one_thing"),
        Index("uq_replies_number", "mention_id", "number", unique=True, postgresql_where=sql("state <> 'failed'")),
        Index(
            "uq_replies_number_to_comment",
            "to_comment_id",
            "number",
            unique=True,
            postgresql_where=sql("state <> 'failed' AND to_comment_id IS NOT NULL"),
        ),
        # Serves the comment's list, and its end: each comment that goes looks for its replies.
        Index("ix_replies_to_comment_id", "to_comment_id", postgresql_where=sql("to_comment_id IS NOT NULL")),
        Index("ix_replies_due", "next_action_at", "id", postgresql_where=sql("next_action_at IS NOT NULL")),
        Index("ix_replies_created_at", "created_at"),
        Index("ix_replies_leased", "leased_until", postgresql_where=sql("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    mention_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("mentions.id"))
    to_comment_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("comments.id"))
    """Which of the two it answers."""
    number: Mapped[int] = mapped_column(Integer)
    """1 for the first reply to it, 2 for one that was asked for in spite of that, and so on."""
    text: Mapped[Str]
    state: Mapped[Str] = mapped_column(server_default=sql("'queued'"))
    comment_id: Mapped[Str | None]
    """What Instagram calls the reply."""
    sends: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    """How many attempts there were that may have left."""
    error: Mapped[Str | None]
    created_at: Mapped[InstantNow]
    intent_at: Mapped[Instant | None]
    """When the newest attempt was begun."""
    settled_at: Mapped[Instant | None]
    settled_by: Mapped[Str | None]
    """As of the attempt."""
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=sql("0"))


@dataclass(frozen=True)
class _Answered:
    """What a reply answers."""

    to: Mention | Comment

    @property
    def name(self) -> str:
        return "mention" if isinstance(self.to, Mention) else "comment"

    @property
    def ids(self) -> dict[str, int]:
        return {self.name: self.to.id}

    @property
    def its_own(self) -> ColumnElement[bool]:
        return (Reply.mention_id if isinstance(self.to, Mention) else Reply.to_comment_id) == self.to.id

    def __str__(self) -> str:
        return f"{self.name} {self.to.id}"


def queue_reply(tx: Session, to: Mention | Comment, words: str, *, again: bool, now: datetime) -> Reply:
    """Queue a reply.

    Raises Conflict while another is open, or when there is one already and `again` is not set; NotPossible for a
    comment that is there no more. A comment that was announced as a mention, too, is answered as one of the two.
    """
    it = _Answered(to)
    if isinstance(to, Comment):
        require_there(to)
    everywhere = _lock(tx, to)
    last = _newest(tx, everywhere)
    if last is not None and last.state in OPEN:
        raise _still_open(last)
    if last is not None and last.state == S.SENT.value and not again:
        raise Conflict(
            f"{it} was replied to at {last.settled_at:%Y-%m-%d %H:%M} UTC: ask for a further reply, "
            "if it is to have one",
            type="reply.sent",
            ids=it.ids,
        )
    own = _newest(tx, it.its_own)
    number = 1 if own is None else own.number + (own.state == S.SENT.value)
    reply = Reply(account_id=to.account_id, number=number, text=words, next_action_at=now)
    reply.mention_id, reply.to_comment_id = it.ids.get("mention"), it.ids.get("comment")
    tx.add(reply)
    tx.flush()
    wake_schedulers(tx)
    return reply


def require_there(comment: Comment) -> None:
    """Raises NotPossible for a comment that is there no more, as far as is known."""
    if comment.gone_at is None and comment.erased_at is None:
        return
    why = "is gone" if comment.gone_at is not None else "was erased, as who wrote it asked"
    raise NotPossible(f"comment {comment.id} {why}", type="comment.gone", ids={"comment": comment.id})


def last_reply(tx: Session, to: Mention | Comment) -> Reply | None:
    """The newest reply to it."""
    return _newest(tx, _Answered(to).its_own)


def resolve_reply(tx: Session, to: Mention | Comment, *, was_sent: bool, now: datetime) -> Reply:
    """A person has looked. Raises NotPossible when nothing waits for that."""
    it = _Answered(to)
    _lock(tx, to)
    last = last_reply(tx, to)
    if last is None or last.state != S.NEEDS_REVIEW.value:
        is_what = "has no reply" if last is None else f"has a reply that is {last.state}"
        said = f"{it} {is_what}: there is nothing to resolve"
        raise NotPossible(said, type="reply.nothing_to_resolve", ids=it.ids)
    lock(tx, "replies", last.id)
    attempt = attempts.unresolved_attempt(tx, Target.of_reply(last.id))
    if attempt is not None:
        outcome = AttemptState.SUCCEEDED if was_sent else AttemptState.NOT_DONE
        attempts.settle(tx, attempt.id, outcome, now=now, by=SettledBy.PERSON)
    last.state = (S.SENT if was_sent else S.FAILED).value
    last.settled_at, last.settled_by = now, SettledBy.PERSON.value
    last.error = None if was_sent else "it does not stand, said a person"
    tx.flush()
    return last


def _lock(tx: Session, to: Mention | Comment) -> ColumnElement[bool]:
    """One at a time: the second of two requests sees what the first one made. Returns which replies answer it.

    Below media of the account's own a mention in a comment is known as a comment, too; mentions are locked first.
    """
    mention: ColumnElement[bool]
    comment: ColumnElement[bool]
    if isinstance(to, Mention):
        mention = Mention.id == to.id
        comment = (Comment.account_id == to.account_id) & (Comment.ig_id == to.ig_comment_id)
    else:
        mention = (Mention.account_id == to.account_id) & (Mention.ig_comment_id == to.ig_id)
        comment = Comment.id == to.id
    mentions = tx.scalars(select(Mention.id).where(mention).order_by(Mention.id).with_for_update()).all()
    comments = tx.scalars(select(Comment.id).where(comment).order_by(Comment.id).with_for_update()).all()
    return Reply.mention_id.in_(mentions) | Reply.to_comment_id.in_(comments)


def _newest(tx: Session, which: ColumnElement[bool]) -> Reply | None:
    return tx.scalar(select(Reply).where(which).order_by(Reply.id.desc()).limit(1))


def change(tx: Session, reply_id: int, *, from_: ReplyState, to: ReplyState, claim: int, **values: Any) -> bool:
    """Move a reply on if it is still in that state under that claim. The caller ends the claim, or is ending it."""
    result: Any = tx.execute(
        update(Reply)
        .where(Reply.id == reply_id, Reply.state == from_.value, Reply.claim == claim)
        .values(state=to.value, **values)
    )
    return bool(result.rowcount)


def _still_open(reply: Reply) -> Conflict:
    name, number = ("comment", reply.to_comment_id) if reply.mention_id is None else ("mention", reply.mention_id)
    is_undecided = reply.state == S.NEEDS_REVIEW.value
    return Conflict(
        f"{name} {number} has a reply that is {reply.state}: "
        + ("look at it, and say whether it stands" if is_undecided else "wait for what becomes of it"),
        type="reply.undecided" if is_undecided else "reply.open",
        ids={name: number or 0},
    )
