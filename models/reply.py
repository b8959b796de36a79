"""Replies to mentions: one row for each, and where it stands.

    queued → sending → sent | failed | unknown → sent | queued | needs_review → sent | failed (a person decides)

Each call is a row of `attempts`, as a post's is. While a reply of a number is open or has been sent, a partial unique
index makes another one of that number impossible: that is what keeps one mention from being answered twice. A second
reply to the same mention has the next number, and is made only on request.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import attempt as attempts
from models.attempt import AttemptState, SettledBy, Target
from models.base import Base
from models.claims import wake_schedulers
from models.mention import Mention
from models.seizing import lock
from models.types import Id, Instant, InstantNow, Str, one_of
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
        Index("uq_replies_number", "mention_id", "number", unique=True, postgresql_where=sql("state <> 'failed'")),
        Index("ix_replies_due", "next_action_at", "id", postgresql_where=sql("next_action_at IS NOT NULL")),
        Index("ix_replies_created_at", "created_at"),
        Index("ix_replies_leased", "leased_until", postgresql_where=sql("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    mention_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mentions.id"))
    number: Mapped[int] = mapped_column(Integer)
    """1 for the first reply to the mention, 2 for one that was asked for in spite of it, and so on."""
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


def queue_reply(tx: Session, mention: Mention, words: str, *, again: bool, now: datetime) -> Reply:
    """Queue a reply. Raises Conflict while another is open, or when there is one already and `again` is not set."""
    # One at a time for each mention: the second of two requests sees what the first one made.
    tx.execute(select(Mention.id).where(Mention.id == mention.id).with_for_update())
    last = last_reply(tx, mention.id)
    if last is not None and last.state in OPEN:
        raise _still_open(last)
    if last is not None and last.state == S.SENT.value and not again:
        raise Conflict(
            f"mention {mention.id} was replied to at {last.settled_at:%Y-%m-%d %H:%M} UTC: ask for a further reply, "
            "if it is to have one",
            type="reply.sent",
            ids={"mention": mention.id},
        )
    number = 1 if last is None else last.number + (last.state == S.SENT.value)
    reply = Reply(account_id=mention.account_id, mention_id=mention.id, number=number, text=words, next_action_at=now)
    tx.add(reply)
    tx.flush()
    wake_schedulers(tx)
    return reply


def last_reply(tx: Session, mention_id: int) -> Reply | None:
    """The newest reply to the mention."""
    return tx.scalar(select(Reply).where(Reply.mention_id == mention_id).order_by(Reply.id.desc()).limit(1))


def resolve_reply(tx: Session, mention: Mention, *, was_sent: bool, now: datetime) -> Reply:
    """A person has looked. Raises NotPossible when nothing waits for that."""
    tx.execute(select(Mention.id).where(Mention.id == mention.id).with_for_update())
    last = last_reply(tx, mention.id)
    if last is None or last.state != S.NEEDS_REVIEW.value:
        is_what = "has no reply" if last is None else f"has a reply that is {last.state}"
        said = f"mention {mention.id} {is_what}: there is nothing to resolve"
        raise NotPossible(said, type="reply.nothing_to_resolve", ids={"mention": mention.id})
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


def change(tx: Session, reply_id: int, *, from_: ReplyState, to: ReplyState, claim: int, **values: Any) -> bool:
    """Move a reply on if it is still in that state under that claim. The caller ends the claim, or is ending it."""
    result: Any = tx.execute(
        update(Reply)
        .where(Reply.id == reply_id, Reply.state == from_.value, Reply.claim == claim)
        .values(state=to.value, **values)
    )
    return bool(result.rowcount)


def _still_open(reply: Reply) -> Conflict:
    is_undecided = reply.state == S.NEEDS_REVIEW.value
    return Conflict(
        f"mention {reply.mention_id} has a reply that is {reply.state}: "
        + ("look at it, and say whether it stands" if is_undecided else "wait for what becomes of it"),
        type="reply.undecided" if is_undecided else "reply.open",
        ids={"mention": reply.mention_id},
    )
