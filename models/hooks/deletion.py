"""Deletions: what people asked of Meta to have deleted, each a row that a worker works off.

    asked → done | nothing | review → done (a person has looked)

Meta is told an address and a code at once; behind the address stands how far it is. The request that is sent twice is
one row.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.owed.claims import wake_schedulers
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, Str, one_of
from pressrun.errors import NotPossible, Unknown

_CODE_BYTES = 12


class DeletionState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    NOTHING = "nothing"
    """Nothing of this person was there."""
    REVIEW = "review"
    """No account is known to be theirs, and of some nobody knows whose they are: a person has to look."""


class Deletion(Base):
    __tablename__ = "data_deletions"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("digest"),
        one_of("state", DeletionState),
        CheckConstraint("state <> 'asked' OR next_action_at IS NOT NULL", name="asked_is_owed"),
        CheckConstraint("(state IN ('done', 'nothing')) = (settled_at IS NOT NULL)", name="settled_at"),
        Index("ix_data_deletions_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_data_deletions_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    code: Mapped[Str]
    """The confirmation code: letters and digits, that nobody can guess."""
    digest: Mapped[Str]
    """SHA-256 of what was signed."""
    user_id: Mapped[Str]
    """As the app knows the person, or on Instagram Login the account."""
    state: Mapped[Str] = mapped_column(server_default=text("'asked'"))
    erased: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """How many accounts went."""
    counts: Mapped[JsonObject]
    """Table → how many rows went."""
    error: Mapped[Str | None]
    """What is in its way."""
    issued_at: Mapped[Instant | None]
    asked_at: Mapped[InstantNow]
    settled_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


def ask_deletion(tx: Session, user_id: str, *, digest: str, issued_at: datetime | None, now: datetime) -> str:
    """Have a worker delete it; returns the code. The same request again has the same code."""
    code = secrets.token_hex(_CODE_BYTES)
    row = {"code": code, "digest": digest, "user_id": user_id, "issued_at": issued_at, "asked_at": now}
    query = insert(Deletion).values(**row, next_action_at=now).on_conflict_do_nothing(index_elements=["digest"])
    tx.execute(query)
    wake_schedulers(tx)
    return tx.scalars(select(Deletion.code).where(Deletion.digest == digest)).one()


def deletion_of(tx: Session, code: str) -> Deletion:
    """The one with this code. Raises Unknown."""
    found = tx.scalar(select(Deletion).where(Deletion.code == code))
    if found is None:
        raise Unknown("there is no deletion with this code", type="deletion.unknown", field="code")
    return found


def count_erased(deletion: Deletion, rows: Mapping[str, int]) -> None:
    """One more account went, with that many rows of each table."""
    deletion.erased += 1
    counts = dict(deletion.counts or {})
    deletion.counts = {table: counts.get(table, 0) + rows.get(table, 0) for table in {*counts, *rows}}


def settle_deletion(deletion: Deletion, state: DeletionState, *, now: datetime) -> None:
    """The caller ends the claim in the same transaction."""
    deletion.state, deletion.error, deletion.next_action_at = state.value, None, None
    deletion.settled_at = None if state is DeletionState.REVIEW else now


def conclude_review(tx: Session, code: str, *, now: datetime) -> Deletion:
    """A person has looked, and taken away what had to go. Raises Unknown, and NotPossible when nobody has to."""
    found = deletion_of(tx, code)
    if found.state != DeletionState.REVIEW.value:
        said = f"deletion {code} is {found.state}: it does not wait for a person"
        raise NotPossible(said, type="deletion.not_in_review", field="code")
    settle_deletion(found, DeletionState.DONE, now=now)
    tx.flush()
    return found
