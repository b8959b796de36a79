"""Links that work once: to sign the owner in, to take up an invitation, to choose a password anew.

Also the short time between a right password and the second factor: the form holds such a secret in between.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.access.key import digest_of, new_secret
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of


class Purpose(StrEnum):
    OWNER = "owner"
    """Sign in as whoever owns the machine."""
    INVITE = "invite"
    """Choose a password and be a user."""
    SECOND_FACTOR = "second_factor"
    """The password was right; a code is still to come."""


LASTS = {
    Purpose.OWNER: timedelta(minutes=10),
    Purpose.INVITE: timedelta(days=7),
    Purpose.SECOND_FACTOR: timedelta(minutes=5),
}


_KEPT = timedelta(days=30)
"""How long a link that is over can still be looked up; new ones clear the old away."""


class Link(Base):
    __tablename__ = "links"
    __table_args__ = (
        UniqueConstraint("digest"),
        one_of("purpose", Purpose),
        Index("ix_links_expires_at", "expires_at"),
        Index("ix_links_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )

    id: Mapped[Id]
    purpose: Mapped[Str]
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    digest: Mapped[Str]
    """SHA-256 of what the link holds, in hex."""
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Wrong codes that were shown with it."""
    created_by: Mapped[Str]
    created_at: Mapped[InstantNow]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


def make_link(tx: Session, purpose: Purpose, *, created_by: str, now: datetime, user_id: int | None = None) -> str:
    """What a new link holds. Of an invitation only the newest link works."""
    tx.execute(delete(Link).where(Link.expires_at < now - _KEPT))
    if purpose is Purpose.INVITE:
        end_links(tx, user_id, now=now)
    secret = new_secret()
    tx.add(
        Link(
            purpose=purpose.value,
            user_id=user_id,
            digest=digest_of(secret),
            created_by=created_by,
            expires_at=now + LASTS[purpose],
        )
    )
    tx.flush()
    return secret


def use_link(tx: Session, secret: str, purpose: Purpose, *, now: datetime) -> Link | None:
    """The link, which works no more afterwards; None when it does not work. Two who come at once are told apart."""
    query = update(Link).where(*_works(secret, purpose, now)).values(used_at=now).returning(Link)
    return tx.scalars(query).first()


def look_at_link(tx: Session, secret: str, purpose: Purpose, *, now: datetime, lock: bool = False) -> Link | None:
    """The link if it would work now."""
    query = select(Link).where(*_works(secret, purpose, now))
    return tx.scalar(query.with_for_update() if lock else query)


def end_links(tx: Session, user_id: int | None, *, now: datetime) -> None:
    """Let no link of the person work any more."""
    tx.execute(update(Link).where(Link.user_id == user_id, Link.used_at.is_(None)).values(used_at=now))


def _works(secret: str, purpose: Purpose, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Link.digest == digest_of(secret),
        Link.purpose == purpose.value,
        Link.used_at.is_(None),
        Link.expires_at > now,
    )
