"""Keys of the API: what programs show to be let in. Only a digest is kept.

A key has 256 random bits: nobody finds it by trying, so one round of SHA-256 is enough, and asking costs no time. The
slow digests that passwords need would let anybody keep the machine busy by sending wrong keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Boolean, CheckConstraint, Index, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import Text

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str
from pressrun.errors import Unknown

MARK = "pr_"
"""How every key begins: whoever finds one in a text knows what it is."""
_SHOWN = 9


class ApiKey(Base):
    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("uq_api_keys_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
        Index("ix_api_keys_old_digest", "old_digest", postgresql_where=text("old_digest IS NOT NULL")),
        CheckConstraint("cardinality(scopes) > 0", name="has_scopes"),
        CheckConstraint("num_nonnulls(old_digest, old_until) <> 1", name="old_is_whole"),
    )

    id: Mapped[Id]
    name: Mapped[Str]
    digest: Mapped[Str]
    """SHA-256 of the key, in hex."""
    old_digest: Mapped[Str | None]
    """Of the key before it, which is honoured until `old_until`."""
    old_until: Mapped[Instant | None]
    begins: Mapped[Str]
    """The first characters of the key, by which a person knows it again."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_limited: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It sees only the accounts that `grants` names: none, once the last of them is gone."""
    created_by: Mapped[Str]
    created_at: Mapped[InstantNow]
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    """To the minute."""
    revoked_at: Mapped[Instant | None]


def new_secret(mark: str = "") -> str:
    """256 random bits, as text that can stand in an address."""
    return mark + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a secret that is random."""
    return sha256(secret.encode()).hexdigest()


def add_key(
    tx: Session, name: str, scopes: Sequence[str], *, is_limited: bool, created_by: str, expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """A new key, and its secret: what is told this once. The name must be free (`find_key`)."""
    secret = new_secret(MARK)
    key = ApiKey(
        name=name,
        digest=digest_of(secret),
        begins=secret[:_SHOWN],
        scopes=sorted(set(scopes)),
        is_limited=is_limited,
        created_by=created_by,
        expires_at=expires_at,
    )
    tx.add(key)
    tx.flush()
    return key, secret


def find_key(tx: Session, name: str) -> ApiKey:
    """The key of that name that is not revoked, locked. Raises Unknown."""
    query = select(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
    found = tx.scalar(query.with_for_update())
    if found is None:
        raise Unknown(f"there is no key {name!r}", type="key.unknown", field="name")
    return found


def is_taken(tx: Session, name: str) -> bool:
    """Whether a key that is not revoked has that name."""
    return tx.scalar(select(ApiKey.id).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))) is not None


def all_keys(tx: Session, *, revoked: bool) -> list[ApiKey]:
    """By name, those that are in force first."""
    query = select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.name, ApiKey.id)
    return list(tx.scalars(query if revoked else query.where(ApiKey.revoked_at.is_(None))))


def has_any(tx: Session) -> bool:
    """Whether any key was given that is not revoked."""
    return tx.scalar(select(ApiKey.id).where(ApiKey.revoked_at.is_(None)).limit(1)) is not None


def rotate_key(key: ApiKey, *, old_until: datetime) -> str:
    """Give the key a new secret, which is returned; the one before is honoured until then."""
    secret = new_secret(MARK)
    key.old_digest, key.old_until = key.digest, old_until
    key.digest, key.begins = digest_of(secret), secret[:_SHOWN]
    return secret
