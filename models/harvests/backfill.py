"""Backfills: what of an account's past is being read, and how far that has come.

A backfill is a row like every kind of work: claimed, read for some seconds, and due again until it is finished. There
is one open backfill for each account and kind; whoever asks for another goes on with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, Integer, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.harvests.harvest import HarvestKind
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, Str, one_of


class Kept(StrEnum):
    """What is read back that Pressrun has kept itself."""

    REREAD = "reread"
    """Answers of the account that were kept as they came, whatever kind of harvest they are of."""


class Backfill(Base):
    __tablename__ = "backfills"
    __table_args__ = (
        one_of("kind", (*HarvestKind, *Kept)),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        CheckConstraint("finished_at IS NOT NULL OR next_action_at IS NOT NULL", name="open_is_owed"),
        Index("uq_backfills_open", "account_id", "kind", unique=True, postgresql_where=text("finished_at IS NULL")),
        Index("ix_backfills_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_backfills_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
        Index("ix_backfills_account_id_kind", "account_id", "kind"),  # serves the look of `coverage` at each day
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    kind: Mapped[Str]
    since: Mapped[Instant]
    """How far back it reads; what Instagram no longer tells is left out by then."""
    until: Mapped[Instant | None]
    """Where a reread ends; null for what is read of Instagram, which ends at the request."""
    requested_at: Mapped[InstantNow]
    """What was read since then is not read again."""
    cursor: Mapped[JsonObject]
    """Where to go on; each kind has its own."""
    progress: Mapped[float] = mapped_column(Float, server_default=text("0"))
    """The share of it that is read, from 0 to 1."""
    finished_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Tries in a row that brought it no further."""


def open_backfill(tx: Session, account_id: int, kind: HarvestKind, since: datetime) -> Backfill:
    """The open backfill of that kind, made if there is none, and due now unless somebody is working on it.

    One that does not reach back as far is made to, from its beginning: what it has read is recognised as known.
    """
    tx.execute(
        insert(Backfill)
        .values(account_id=account_id, kind=kind.value, since=since, next_action_at=func.now())
        .on_conflict_do_nothing()
    )
    found = tx.scalars(
        select(Backfill)
        .where(Backfill.account_id == account_id, Backfill.kind == kind.value, Backfill.finished_at.is_(None))
        .with_for_update()
    ).one()
    if since < found.since:
        # The claim passes on: whoever works on it would write back a cursor of the shorter way.
        found.since, found.cursor, found.progress, found.claim = since, {}, 0.0, found.claim + 1
        found.next_action_at, found.leased_until = func.now(), None
    elif found.leased_until is None:
        found.next_action_at = func.now()
    found.tries = 0
    tx.flush()
    return found


ONLY_OWED: Mapping[str, Any] = {"only": "owed"}
"""The cursor of a backfill that nobody asked for: it reads what is missing, and nothing that was read for good."""


def heal(tx: Session, account_id: int, kind: HarvestKind, since: datetime) -> bool:
    """Have what is missing since then read back by itself; False when a backfill of that kind is open already.

    It waits for no row of one that is open: the run that asks for it holds its harvest, which that one's end tells.
    """
    made = (
        insert(Backfill)
        .values(account_id=account_id, kind=kind.value, since=since, cursor=dict(ONLY_OWED), next_action_at=func.now())
        .on_conflict_do_nothing()
        .returning(Backfill.id)
    )
    return tx.scalar(made) is not None


def open_reread(tx: Session, account_id: int, since: datetime, until: datetime) -> Backfill:
    """The open reread of an account, made if there is none, and due now unless somebody is working on it.

    One of another range is made to hold both, from its beginning: what it has read is recognised as known.
    """
    kind = Kept.REREAD.value
    new = insert(Backfill).values(account_id=account_id, kind=kind, since=since, until=until, next_action_at=func.now())
    tx.execute(new.on_conflict_do_nothing())
    found = tx.scalars(
        select(Backfill)
        .where(Backfill.account_id == account_id, Backfill.kind == kind, Backfill.finished_at.is_(None))
        .with_for_update()
    ).one()
    held = found.since, found.until or until
    wanted = min(held[0], since), max(held[1], until)
    if wanted != held:
        # As above: whoever works on it must not write back where it was.
        found.since, found.until = wanted
        found.cursor, found.progress, found.claim = {}, 0.0, found.claim + 1
        found.next_action_at, found.leased_until = func.now(), None
    elif found.leased_until is None:
        found.next_action_at = func.now()
    found.tries = 0
    tx.flush()
    return found
