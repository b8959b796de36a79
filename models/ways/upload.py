"""Uploads: kept videos sent to containers that wait for them (graph-api.md §2.3).

    owed → done | failed | dropped (nobody wants the container any more)

Instagram says how far it has come: where an upload goes on is asked and never remembered. Sending bytes again that are
there already changes nothing, so a step that dies is simply done again.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of


class UploadState(StrEnum):
    OWED = "owed"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"


class Upload(Base):
    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint("container_id"),
        one_of("state", UploadState),
        CheckConstraint("state <> 'owed' OR next_action_at IS NOT NULL", name="owed_is_due"),
        Index("ix_uploads_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_uploads_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
        Index("ix_uploads_account_id", "account_id"),
    )

    id: Mapped[Id]
    container_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("containers.id"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    url: Mapped[Str]
    """Where Instagram said that the bytes go."""
    sha256: Mapped[Str]
    state: Mapped[Str] = mapped_column(server_default=text("'owed'"))
    bytes_sent: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """As Instagram said last."""
    error: Mapped[Str | None]
    """Why it failed, last or for good."""
    error_class: Mapped[Str | None]
    code: Mapped[Str | None]
    subcode: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[InstantNow]
    settled_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


def upload_to(tx: Session, container_id: int) -> Upload | None:
    """The upload to that container, if there is one."""
    return tx.scalar(select(Upload).where(Upload.container_id == container_id))


def is_wanted(tx: Session, container_id: int) -> bool:
    """Whether its post still waits for the container."""
    return bool(tx.execute(_IS_WANTED, {"id": container_id}).scalar_one())


_IS_WANTED = text("""
    SELECT EXISTS (SELECT FROM containers c JOIN parts p ON p.id = c.part_id JOIN posts s ON s.id = p.post_id
                    WHERE c.id = :id AND c.dropped_at IS NULL AND s.state IN ('scheduled', 'staging'))
""")


_WAKE = text("""
    UPDATE posts SET next_action_at = now()
     WHERE id = (SELECT p.post_id FROM containers c JOIN parts p ON p.id = c.part_id WHERE c.id = :id)
       AND state = 'staging' AND leased_until IS NULL
""")


def wake_post(tx: Session, container_id: int) -> None:
    """The upload has ended: the post is looked at. In a transaction of its own: a post is locked before its uploads."""
    tx.execute(_WAKE, {"id": container_id})
