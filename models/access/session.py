"""Who is signed in, in which browser. Of the cookie only a digest is kept; ending the row ends the session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.access.key import digest_of, new_secret
from models.access.user import User, UserState
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str

LASTS = timedelta(days=30)
IDLE_FOR = timedelta(days=7)
"""A session that nobody uses for so long is over."""
_LONGEST_AGENT = 200


class SignedIn(Base):
    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    """Null: the owner of the machine, who came by a link that the command line gave."""
    digest: Mapped[Str]
    """SHA-256 of the cookie, in hex."""
    way: Mapped[Str]
    """How they proved who they are: link, password, totp, recovery or oidc."""
    agent: Mapped[Str | None]
    """What the browser said it is."""
    address: Mapped[Str | None]
    """Where from."""
    created_at: Mapped[InstantNow]
    expires_at: Mapped[Instant]
    last_used_at: Mapped[Instant]
    """To the minute."""
    ended_at: Mapped[Instant | None]


def begin_session(
    tx: Session, user_id: int | None, *, way: str, agent: str | None, address: str | None, now: datetime
) -> str:
    """Sign somebody in; returns what the cookie holds. Clears away sessions that ended long ago."""
    tx.execute(delete(SignedIn).where(SignedIn.expires_at < now - LASTS))
    secret = new_secret()
    tx.add(
        SignedIn(
            user_id=user_id,
            digest=digest_of(secret),
            way=way,
            agent=agent[:_LONGEST_AGENT] if agent else None,
            address=address,
            expires_at=now + LASTS,
            last_used_at=now,
        )
    )
    tx.flush()
    return secret


def end_sessions(tx: Session, *, now: datetime, session_id: int | None = None, user_id: int | None = None) -> int:
    """End one session, or all of a person; returns how many those were."""
    query = update(SignedIn).where(SignedIn.ended_at.is_(None)).values(ended_at=now)
    if session_id is not None:
        query = query.where(SignedIn.id == session_id)
    if user_id is not None:
        query = query.where(SignedIn.user_id == user_id)
    return len(tx.execute(query.returning(SignedIn.id)).all())


def open_sessions(tx: Session, *, now: datetime) -> Sequence[tuple[SignedIn, User | None]]:
    """All that go on, with whose they are, the last used first."""
    query = select(SignedIn, User).outerjoin(User, User.id == SignedIn.user_id).where(_goes_on(now))
    return [(row[0], row[1]) for row in tx.execute(query.order_by(SignedIn.last_used_at.desc(), SignedIn.id))]


def _goes_on(now: datetime) -> ColumnElement[bool]:
    is_theirs = SignedIn.user_id.is_(None) | (User.state == UserState.ACTIVE.value)
    is_fresh = (SignedIn.expires_at > now) & (SignedIn.last_used_at > now - IDLE_FOR)
    return SignedIn.ended_at.is_(None) & is_fresh & is_theirs
