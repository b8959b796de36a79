"""Answers that were given under an idempotency key, so that the same request again gets the same one.

    nothing → claimed (somebody works on it) → answered

A claim is one insert, so of several at once one works and the others are told. Whoever claimed and died is found by its
date, after which the key is free again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Index, Integer, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Instant, InstantNow, Str

KEPT_FOR = timedelta(hours=24)
WORKS_FOR = timedelta(minutes=10)
"""Longer than any request may take."""
_FORGET_AT_ONCE = 20


class GivenAnswer(Base):
    __tablename__ = "given_answers"
    __table_args__ = (Index("ix_given_answers_ends_at", "ends_at"),)

    asker: Mapped[Str] = mapped_column(primary_key=True)
    key: Mapped[Str] = mapped_column(primary_key=True)
    digest: Mapped[Str]
    """Of what was asked: another request under the same key is refused."""
    status: Mapped[int | None] = mapped_column(Integer)
    """Null as long as somebody works on it."""
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    ends_at: Mapped[Instant]
    """When the key is free again."""
    created_at: Mapped[InstantNow]


@dataclass(frozen=True)
class Found:
    """What stands under a key. `status` None: somebody works on it."""

    digest: str
    status: int | None
    headers: Mapping[str, str]
    body: bytes


# What has ended is taken over where it stands: it may not be inserted beside itself, nor be forgotten by the way.
_CLAIM = text("""
      WITH forgotten AS (
    DELETE FROM given_answers
     WHERE ctid = ANY(ARRAY(SELECT ctid FROM given_answers
                             WHERE ends_at <= :now AND (asker, key) <> (:asker, :key)
                             ORDER BY ends_at LIMIT :limit FOR UPDATE SKIP LOCKED)))
    INSERT INTO given_answers (asker, key, digest, ends_at) VALUES (:asker, :key, :digest, :until)
    ON CONFLICT (asker, key) DO UPDATE
       SET digest = excluded.digest, ends_at = excluded.ends_at, status = NULL, headers = '{}', body = NULL,
           created_at = now()
     WHERE given_answers.ends_at <= :now
    RETURNING asker
""")
_LOOK = text("SELECT digest, status, headers, body FROM given_answers WHERE asker = :asker AND key = :key")
_KEEP = text("""
    UPDATE given_answers SET status = :status, headers = CAST(:headers AS jsonb), body = :body, ends_at = :until
     WHERE asker = :asker AND key = :key AND digest = :digest AND status IS NULL
""")
_RELEASE = text("DELETE FROM given_answers WHERE asker = :asker AND key = :key AND digest = :digest AND status IS NULL")


def claim_key(at: Session | Connection, asker: str, key: str, digest: str, *, now: datetime) -> Found | None:
    """None: the caller works on it, and keeps an answer or releases the key. Else what stands there.

    One statement for whoever is first, which needs no transaction around it.
    """
    values = {"asker": asker, "key": key, "digest": digest, "now": now, "until": now + WORKS_FOR}
    while at.execute(_CLAIM, values | {"limit": _FORGET_AT_ONCE}).first() is None:
        row: Any = at.execute(_LOOK, values).first()
        if row is not None:  # otherwise whoever had it has just released it
            return Found(row.digest, row.status, row.headers, bytes(row.body or b""))
    return None


def keep_answer(
    at: Session | Connection,
    asker: str,
    key: str,
    digest: str,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> None:
    """Give the same answer to whoever asks the same within the next 24 hours."""
    values = {"asker": asker, "key": key, "digest": digest, "until": now + KEPT_FOR}
    at.execute(_KEEP, values | {"status": status, "headers": json.dumps(dict(headers)), "body": body})


def release_key(at: Session | Connection, asker: str, key: str, digest: str) -> None:
    """Nothing was done under the key: it is free again."""
    at.execute(_RELEASE, {"asker": asker, "key": key, "digest": digest})
