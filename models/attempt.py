"""Attempts: one row for every call that may publish or comment, committed before the call is made.

    intent → succeeded | refused | unknown → succeeded | not_done | needs_review

While an attempt is unresolved, and once one has succeeded, a partial unique index makes another attempt of the same
part and action impossible: that is what keeps one post from going out twice.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.post import Post
from models.types import Id, Instant, Str, one_of


class Action(StrEnum):
    PUBLISH = "publish"
    COMMENT = "comment"


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


class Attempt(Base):
    __tablename__ = "attempts"
    __table_args__ = (
        one_of("action", Action),
        one_of("state", AttemptState),
        Index("uq_attempts_open", "part_id", "action", unique=True, postgresql_where=text(OPEN)),
        Index("ix_attempts_post_id_id", "post_id", "id"),
    )

    id: Mapped[Id]
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id"))
    part_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parts.id"))
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
    """The media or comment that came of it."""
    finished_reads: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Reads after the settle time that still found the container unpublished."""
    finished_read_at: Mapped[Instant | None]
    reads: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    error_class: Mapped[Str | None]
    code: Mapped[Str | None]
    subcode: Mapped[Str | None]
    fbtrace_id: Mapped[Str | None]
    message: Mapped[Str | None]


def unresolved_attempt(tx: Session, part_id: int, action: Action) -> Attempt | None:
    return tx.scalar(
        select(Attempt)
        .where(Attempt.part_id == part_id, Attempt.action == action.value, text(UNRESOLVED))
        .execution_options(populate_existing=True)
    )


def record_intent(
    tx: Session, *, post_id: int, part_id: int, container_id: int | None, action: Action, claim: int, now: datetime
) -> Attempt:
    """Write down that the call is about to be made. Raises IntegrityError if an earlier one has or may have worked."""
    attempt = Attempt(
        post_id=post_id,
        part_id=part_id,
        container_id=container_id,
        action=action.value,
        state=AttemptState.INTENT.value,
        claim=claim,
        intent_at=now,
    )
    tx.add(attempt)
    tx.flush()
    return attempt


def record_send(tx: Session, attempt: Attempt) -> None:
    """Keep when the call was started, with what came of it."""
    tx.execute(update(Attempt).where(Attempt.id == attempt.id).values(sent_at=attempt.sent_at))


def settle(
    tx: Session,
    attempt_id: int,
    state: AttemptState,
    *,
    now: datetime,
    result_id: str | None = None,
    error_class: str | None = None,
    code: str | None = None,
    subcode: str | None = None,
    fbtrace_id: str | None = None,
    message: str | None = None,
) -> bool:
    """Record what became of an attempt; False if that was settled before.

    A settled outcome is never changed by a later, less certain one.
    """
    values: dict[str, object] = {"state": state.value}
    if state is not AttemptState.UNKNOWN:
        values["settled_at"] = now
    for name, value in {
        "result_id": result_id,
        "error_class": error_class,
        "code": code,
        "subcode": subcode,
        "fbtrace_id": fbtrace_id,
        "message": message,
    }.items():
        if value is not None:
            values[name] = value
    # What waits for a person is not taken from them by an answer that proves nothing.
    changeable = "state IN ('intent', 'unknown')" if state is AttemptState.UNKNOWN else UNRESOLVED
    settled: Any = tx.execute(update(Attempt).where(Attempt.id == attempt_id, text(changeable)).values(**values))
    return bool(settled.rowcount)


def keep_result(tx: Session, attempt_id: int, result_id: str) -> None:
    """Note what an answer proved although the claim has passed on: whoever resolves the attempt finds it there."""
    tx.execute(update(Attempt).where(Attempt.id == attempt_id, text(UNRESOLVED)).values(result_id=result_id))


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


def count_read(tx: Session, attempt_id: int, *, finished_at: datetime | None) -> None:
    """Note one reading of an unresolved attempt; `finished_at`: it proves the container unpublished at that time."""
    values: dict[str, object] = {"reads": Attempt.reads + 1}
    if finished_at is not None:
        values |= {"finished_reads": Attempt.finished_reads + 1, "finished_read_at": finished_at}
    tx.execute(update(Attempt).where(Attempt.id == attempt_id).values(**values))


def count(tx: Session, part_id: int, action: Action) -> int:
    """How often this was attempted so far."""
    query = select(func.count()).select_from(Attempt)
    return tx.scalar(query.where(Attempt.part_id == part_id, Attempt.action == action.value)) or 0
