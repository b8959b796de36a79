"""Erasures: what went for good because a person asked for it, on record, and the licence that the record is.

The triggers of append-only tables let a change pass only where a record of this very transaction covers the row: an
account that it says is erased, rows that it names of an erased person, or a month that retention writes down as dropped
(the function `pressrun_covers` of revision 0017). So nothing of the history goes without a word, and no switch is left
on: with the transaction the licence ends.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, InstantNow, JsonObject, Str, one_of

_DIGEST_BYTES = 16


class ErasureKind(StrEnum):
    ACCOUNT_REMOVED = "account_removed"
    """An account was taken away; its history stays."""
    ACCOUNT_ERASED = "account_erased"
    """An account was taken away, and all that was known of it."""
    PERSON_ERASED = "person_erased"
    """What somebody wrote to, of or about the accounts was blanked; that they did still counts."""


class Erasure(Base):
    __tablename__ = "erasures"
    __table_args__ = (one_of("kind", ErasureKind),)

    id: Mapped[Id]
    kind: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    """No foreign key: the account may be gone."""
    account: Mapped[Str | None]
    subject: Mapped[Str | None]
    """Of a person `salt:digest`: it answers whether somebody was erased, and names nobody."""
    rows: Mapped[JsonObject]
    """Append-only table → ids of its rows that were blanked."""
    counts: Mapped[JsonObject]
    """Table → how many of its rows went, or were blanked."""
    why: Mapped[Str | None]
    asked_by: Mapped[Str]
    at: Mapped[InstantNow]


@dataclass(frozen=True)
class Wish:
    """Who wants it, and what they say about it."""

    asked_by: str
    why: str | None
    now: datetime


def record(
    tx: Session,
    kind: ErasureKind,
    wish: Wish,
    *,
    account: tuple[int, str] | None = None,
    subject: str | None = None,
    rows: Mapping[str, Iterable[int]] | None = None,
) -> Erasure:
    """Write it down, and be let through by the triggers for what it covers, until this transaction ends."""
    erasure = Erasure(
        kind=kind.value,
        account_id=account[0] if account else None,
        account=account[1] if account else None,
        subject=subject,
        rows={table: sorted(ids) for table, ids in (rows or {}).items()},
        why=wish.why,
        asked_by=wish.asked_by,
        at=wish.now,
    )
    tx.add(erasure)
    tx.flush()
    _license(tx, str(erasure.id))
    return erasure


def conclude(tx: Session, erasure: Erasure, counts: Mapping[str, int]) -> None:
    """What went; and the licence is given back."""
    _license(tx, "")
    erasure.counts = {table: count for table, count in counts.items() if count}
    tx.flush()


def license_month(tx: Session, *, ends: bool = False) -> None:
    """Let rows go whose month this transaction has written down in `dropped_months`; `ends` gives that back."""
    _license(tx, "" if ends else "month")


def _license(tx: Session, told: str) -> None:
    tx.execute(text("SELECT set_config('pressrun.erasure', :told, true)"), {"told": told})


def subject_of(name: str, *, salt: str | None = None) -> str:
    """What is kept of the name of an erased person. With its salt, the same name gives the same again."""
    salt = salt or secrets.token_hex(8)
    digest = hashlib.scrypt(name.encode(), salt=salt.encode(), n=2**12, r=8, p=1, dklen=_DIGEST_BYTES)
    return f"{salt}:{digest.hex()}"
