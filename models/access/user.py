"""People who sign in, and what they are to Pressrun."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, UniqueConstraint, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import Text

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of
from pressrun.errors import Unknown


class Role(StrEnum):
    """What a person may: each more than the one before."""

    VIEWER = "viewer"
    AUTHOR = "author"
    ADMIN = "admin"


class UserState(StrEnum):
    INVITED = "invited"
    """A link was made for them, and nobody has followed it yet."""
    ACTIVE = "active"
    DISABLED = "disabled"


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_name", func.lower(text("name")), unique=True),
        UniqueConstraint("oidc_subject"),
        one_of("role", Role),
        one_of("state", UserState),
        CheckConstraint("num_nonnulls(totp_sealed, totp_since) <> 1", name="totp_is_whole"),
    )

    id: Mapped[Id]
    name: Mapped[Str]
    """What they sign in with: a name or an address of mail, whatever its case."""
    role: Mapped[Str]
    state: Mapped[Str] = mapped_column(server_default=text("'invited'"))
    is_limited: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """They see only the accounts that `grants` names: none, once the last of them is gone."""
    password_digest: Mapped[Str | None]
    """Of argon2id, with its parameters. Null: they sign in elsewhere, or not yet."""
    oidc_subject: Mapped[Str | None]
    """Who they are to the provider of OpenID Connect: its issuer and its id of them."""
    totp_sealed: Mapped[Str | None]
    """The secret of their second factor under `pressrun.vault`, context `user:<id>:totp`."""
    totp_since: Mapped[Instant | None]
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The last interval of which a code was taken: none is taken twice."""
    recovery_digests: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """Of the codes that stand in for the second factor, once each."""
    created_by: Mapped[Str]
    created_at: Mapped[InstantNow]
    updated_at: Mapped[InstantNow]
    last_seen_at: Mapped[Instant | None]
    """When they last signed in."""


def totp_context(user_id: int) -> str:
    """What binds the sealed secret of the second factor to its row."""
    return f"user:{user_id}:totp"


def named(tx: Session, name: str, *, lock: bool = False) -> User | None:
    """The person of that name, whatever its case."""
    query = select(User).where(func.lower(User.name) == name.strip().lower())
    return tx.scalar(query.with_for_update() if lock else query)


def find_user(tx: Session, name: str) -> User:
    """The person of that name, locked. Raises Unknown."""
    found = named(tx, name, lock=True)
    if found is None:
        raise Unknown(f"there is no user {name!r}", type="user.unknown", field="name")
    return found


def all_users(tx: Session) -> list[User]:
    """By name."""
    return list(tx.scalars(select(User).order_by(func.lower(User.name))))


def has_any(tx: Session) -> bool:
    """Whether there is a user who may sign in, or was invited to."""
    return tx.scalar(select(User.id).where(User.state != UserState.DISABLED.value).limit(1)) is not None
