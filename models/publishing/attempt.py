"""Attempts: one row for every call that must take effect once, committed before the call is made.

    intent → succeeded | refused | unknown → succeeded | not_done | needs_review

Posts, first comments and replies alike. While an attempt is unresolved, and once one has succeeded, a
partial unique index makes another attempt of the same thing impossible: that is what keeps one post from going out
twice. What an outcome means for the other rows is `models/publishing/outcome.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.posts.part import Part
from models.posts.post import Post
from models.store.base import Base
from models.store.types import Id, Instant, OptionalJson, Str, one_of


class Action(StrEnum):
    PUBLISH = "publish"
    COMMENT = "comment"
    """The first comment below a post of ours."""
    REPLY = "reply"
    """The answer to a mention or a comment."""


class SettledBy(StrEnum):
    """Who says what became of it."""

    ANSWER = "answer"
    READING = "reading"
    PERSON = "person"


class AttemptState(StrEnum):
    INTENT = "intent"
    """Committed; the call may or may not have been made."""
    UNKNOWN = "unknown"
    """The call was made, or may have been, and nothing proves what became of it."""
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """Instagram's answer proves that nothing happened."""
    NOT_DONE = "not_done"
    """Reading proved that nothing happened."""
    NEEDS_REVIEW = "needs_review"


UNRESOLVED = "state IN ('intent', 'unknown', 'needs_review')"
OPEN = "state NOT IN ('refused', 'not_done')"
"""It took effect, or may have: while there is one, there can be no other."""
_OF_ONE_THING = (
    "CASE WHEN action = 'reply' THEN reply_id IS NOT NULL AND num_nonnulls(post_id, part_id) = 0 "
    "ELSE reply_id IS NULL AND num_nonnulls(post_id, part_id) = 2 END"
)


class Attempt(Base):
    __tablename__ = "attempts"
    __table_args__ = (
        one_of("action", Action),
        one_of("state", AttemptState),
        one_of("settled_by", SettledBy),
        CheckConstraint(_OF_ONE_THING, name="of_one_thing"),
        Index("uq_attempts_open", "part_id", "action", unique=True, postgresql_where=text(OPEN)),
        Index(
            "uq_attempts_open_reply",
            "reply_id",
            unique=True,
            postgresql_where=text(f"reply_id IS NOT NULL AND {OPEN}"),
        ),
        Index("ix_attempts_post_id_id", "post_id", "id"),
        # Serves the question which of the comments that a list shows are known as another call's.
        Index("ix_attempts_result_id", "result_id", postgresql_where=text("result_id IS NOT NULL")),
        # These serve what goes for good: each row of theirs looks for the attempts that refer to it.
        Index("ix_attempts_reply_id", "reply_id", postgresql_where=text("reply_id IS NOT NULL")),
        Index("ix_attempts_container_id", "container_id", postgresql_where=text("container_id IS NOT NULL")),
        # Serve the invariants: what was begun since a time, and what is open still.
        Index("ix_attempts_intent_at", "intent_at"),
        Index("ix_attempts_unresolved", "id", postgresql_where=text(UNRESOLVED)),
    )

    id: Mapped[Id]
    post_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("posts.id"))
    part_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("parts.id"))
    reply_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("replies.id"))
    container_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("containers.id"))
    action: Mapped[Str]
    state: Mapped[Str]
    claim: Mapped[int] = mapped_column(BigInteger)
    intent_at: Mapped[Instant]
    """When the intent was committed; the call starts right after it, or never."""
    sent_at: Mapped[Instant | None]
    """When the call was started, as far as its sender lived to tell."""
    settled_at: Mapped[Instant | None]
    result_id: Mapped[Str | None]
    """The media or comment that came of it; of one that was settled as undone, what a late answer said."""
    settled_by: Mapped[Str | None]
    words: Mapped[Str] = mapped_column(server_default=text("''"))
    """Normal form of the text that the call sends: what readings look for, since texts come back changed."""
    finished_reads: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Whole readings after the settle time that proved it not done."""
    finished_read_at: Mapped[Instant | None]
    """When the newest of them began."""
    reads: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reading: Mapped[OptionalJson]
    """How far the present reading of a long list has come; null between two readings."""
    error_class: Mapped[Str | None]
    code: Mapped[Str | None]
    subcode: Mapped[Str | None]
    fbtrace_id: Mapped[Str | None]
    message: Mapped[Str | None]


@dataclass(frozen=True)
class Target:
    """What an attempt is of: a part of a post with the action, or a reply."""

    action: Action
    post_id: int | None = None
    part_id: int | None = None
    reply_id: int | None = None

    @classmethod
    def of_part(cls, action: Action, part: Part) -> Target:
        return cls(action, post_id=part.post_id, part_id=part.id)

    @classmethod
    def of_reply(cls, reply_id: int) -> Target:
        return cls(Action.REPLY, reply_id=reply_id)

    @property
    def where(self) -> ColumnElement[bool]:
        if self.reply_id is not None:
            return Attempt.reply_id == self.reply_id
        return (Attempt.part_id == self.part_id) & (Attempt.action == self.action.value)


def unresolved_attempt(tx: Session, target: Target) -> Attempt | None:
    """The attempt whose outcome is not known; there is one at most."""
    query = select(Attempt).where(target.where, text(UNRESOLVED))
    return tx.scalar(query.execution_options(populate_existing=True))


def latest_attempt(tx: Session, target: Target) -> Attempt | None:
    return tx.scalar(select(Attempt).where(target.where).order_by(Attempt.id.desc()).limit(1))


def record_intent(
    tx: Session, target: Target, *, claim: int, now: datetime, words: str = "", container_id: int | None = None
) -> Attempt:
    """Write down that the call is about to be made. Raises IntegrityError if an earlier one has or may have worked."""
    attempt = Attempt(
        post_id=target.post_id,
        part_id=target.part_id,
        reply_id=target.reply_id,
        container_id=container_id,
        action=target.action.value,
        state=AttemptState.INTENT.value,
        claim=claim,
        intent_at=now,
        words=words,
    )
    tx.add(attempt)
    tx.flush()
    return attempt


def record_send(tx: Session, attempt: Attempt) -> None:
    """Keep when the call was started, with what came of it."""
    tx.execute(update(Attempt).where(Attempt.id == attempt.id).values(sent_at=attempt.sent_at))


@dataclass(frozen=True)
class Said:
    """What was said about an attempt: Instagram's error, or words of ours."""

    message: str | None = None
    error_class: str | None = None
    code: str | None = None
    subcode: str | None = None
    fbtrace_id: str | None = None


def settle(
    tx: Session,
    attempt_id: int,
    state: AttemptState,
    *,
    now: datetime,
    by: SettledBy | None = None,
    result_id: str | None = None,
    said: Said | None = None,
) -> bool:
    """Record what became of an attempt; False if that was settled before.

    A settled outcome is never changed by a later, less certain one.
    """
    known = asdict(said or Said()) | {"result_id": result_id, "settled_by": by.value if by else None}
    values: dict[str, object] = {name: value for name, value in known.items() if value is not None}
    values["state"] = state.value
    if state is not AttemptState.UNKNOWN:
        values["settled_at"] = now
    # What waits for a person is not taken from them by an answer that proves nothing.
    changeable = "state IN ('intent', 'unknown')" if state is AttemptState.UNKNOWN else UNRESOLVED
    settled: Any = tx.execute(update(Attempt).where(Attempt.id == attempt_id, text(changeable)).values(**values))
    return bool(settled.rowcount)


def known_results(tx: Session, ids: Collection[str]) -> set[str]:
    """Those of these media or comments that are known as what came of a call."""
    found = tx.scalars(select(Attempt.result_id).where(Attempt.result_id.in_(ids)))
    return {str(one) for one in found}


def last_intent_at(tx: Session, account_id: int, *, except_post: int) -> datetime | None:
    """When a publish of the account that took effect, or may have, was last begun, other than of this post."""

    return tx.scalar(
        select(Attempt.intent_at)
        .join(Post, Post.id == Attempt.post_id)
        .where(
            Post.account_id == account_id,
            Attempt.post_id != except_post,
            Attempt.action == Action.PUBLISH.value,
            Attempt.state.not_in([AttemptState.REFUSED.value, AttemptState.NOT_DONE.value]),
        )
        .order_by(Attempt.intent_at.desc())
        .limit(1)
    )


def count_read(
    tx: Session, attempt_id: int, *, reading: dict[str, Any] | None = None, finished_at: datetime | None = None
) -> None:
    """Note one reading of an unresolved attempt.

    Args:
        reading: how far it has come, if it has not come to its end.
        finished_at: it was whole, was begun at that time, and proves it not done.
    """
    values: dict[str, object] = {"reads": Attempt.reads + 1, "reading": reading}
    if finished_at is not None:
        values |= {"finished_reads": Attempt.finished_reads + 1, "finished_read_at": finished_at}
    tx.execute(update(Attempt).where(Attempt.id == attempt_id).values(**values))


def count_lost(tx: Session, target: Target, *, since: datetime) -> int:
    """How many calls got no answer, and proved since then to have done nothing."""
    query = select(func.count()).select_from(Attempt)
    lost = (Attempt.state == AttemptState.NOT_DONE.value) & (Attempt.settled_by == SettledBy.READING.value)
    return tx.scalar(query.where(target.where, lost, Attempt.settled_at >= since)) or 0
