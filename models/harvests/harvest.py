"""Harvests: what is read of an account, how often, when next; and one run per slot.

A harvest without a slot (`slot_at` null) waits for the scheduler to plan the next one; the worker only says that it is
done. Running a slot that is done again does nothing. What both need to know of the runs stands in the harvest's row.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.harvests.coverage import CLOSING_GAP
from models.news.coverage import TELLING_OF_RUN
from models.store.base import Base, table_of
from models.store.types import Id, Instant, JsonObject, Str, one_of


class HarvestKind(StrEnum):
    PROFILE = "profile"
    ACCOUNT = "account"
    AUDIENCE = "audience"
    MEDIA = "media"
    STORIES = "stories"
    TAGS = "tags"
    ONLINE_FOLLOWERS = "online_followers"
    COMMENTS = "comments"
    COMPETITORS = "competitors"
    HASHTAGS = "hashtags"


class RunStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    """All that could be read is stored; what was refused or could not be understood is named in `errors`."""
    FAILED = "failed"


UNPLANNED = "slot_at IS NULL AND next_action_at IS NOT NULL"
"""Of harvests that wait for a slot."""


class Harvest(Base):
    __tablename__ = "harvests"
    __table_args__ = (
        UniqueConstraint("account_id", "kind"),
        one_of("kind", HarvestKind),
        Index("ix_harvests_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_harvests_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
        # Serves the planning: those that are planned and overdue may be many.
        Index("ix_harvests_unplanned", "next_action_at", postgresql_where=text(UNPLANNED)),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    kind: Mapped[Str]
    cron: Mapped[Str]
    """When it is read, as five cron fields in the account's zone; shifted by a stable offset per account."""
    slot_at: Mapped[Instant | None]
    """The occurrence that is owed; null until the scheduler has planned it."""
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refused: Mapped[JsonObject]
    """Metrics that Instagram refused: name → instant (ISO) at which it is asked again."""
    done_at: Mapped[Instant | None]
    """Up to when its slots are done: a slot that was run late stands for all slots until it was."""
    covered_at: Mapped[Instant | None]
    """When a run that came through last ended: what came up before that has been seen."""
    last_run_id: Mapped[int | None] = mapped_column(BigInteger)
    """The run begun last. No foreign key: the runs point here, and neither table could be made before the other."""
    last_slot_at: Mapped[Instant | None]
    """Of which slot that is: it tells in which month's partition the run lies."""


class HarvestRun(Base):
    __tablename__ = "harvest_runs"
    __table_args__ = (
        UniqueConstraint("harvest_id", "slot_at"),
        one_of("status", RunStatus),
        Index("ix_harvest_runs_backfill_id", "backfill_id", postgresql_where=text("backfill_id IS NOT NULL")),
        Index("ix_harvest_runs_started_at", "started_at"),  # serves the cost of a day
        {"postgresql_partition_by": "RANGE (slot_at)"},
    )

    id: Mapped[Id]
    harvest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("harvests.id"))
    backfill_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("backfills.id"))
    """The backfill that this run is of; its slot is then the moment of the request, and no slot of the schedule."""
    slot_at: Mapped[Instant] = mapped_column(primary_key=True)
    status: Mapped[Str]
    calls: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Points added to the history."""
    errors: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    api_version: Mapped[Str]
    """Which version of the API answered; until one has, which was asked for."""
    covers: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """It read what it had to read as far as it had to. False for a list that broke off without a word."""
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]


_BEGIN = text("""
    WITH made AS (
        INSERT INTO harvest_runs (harvest_id, backfill_id, slot_at, status, api_version, started_at)
        VALUES (:harvest_id, :backfill_id, :slot_at, 'running', :api_version, :now)
        ON CONFLICT DO NOTHING
        RETURNING *
    ), told AS (
        UPDATE harvests h
           SET last_run_id  = greatest(h.last_run_id, made.id),
               last_slot_at = CASE WHEN h.last_run_id > made.id THEN h.last_slot_at ELSE made.slot_at END,
               tries        = h.tries + :counted
          FROM made
         WHERE h.id = made.harvest_id AND made.backfill_id IS NULL
    )
    SELECT * FROM made
""")
_TAKE_UP = text("UPDATE harvests SET tries = tries + :counted WHERE id = :harvest_id")


def begin_run(
    tx: Session,
    harvest_id: int,
    slot_at: datetime,
    *,
    api_version: str,
    now: datetime,
    backfill_id: int | None = None,
    counted: int = 0,
) -> HarvestRun:
    """The run of that slot; one that a killed worker left is taken up again. The caller holds the harvest's claim.

    Args:
        counted: by so many the harvest's tries of the slot grow.
    """
    values = {"harvest_id": harvest_id, "backfill_id": backfill_id, "slot_at": slot_at, "counted": counted}
    begun = select(HarvestRun).from_statement(_BEGIN)
    made: HarvestRun | None = tx.scalars(begun, {**values, "api_version": api_version, "now": now}).first()
    if made is not None:
        return made
    run = tx.scalars(select(HarvestRun).where(HarvestRun.harvest_id == harvest_id, HarvestRun.slot_at == slot_at)).one()
    tx.execute(_TELL_HARVEST, {"run_id": run.id, "slot_at": slot_at})
    if counted:
        tx.execute(_TAKE_UP, {"harvest_id": harvest_id, "counted": counted})
    return run


def end_run(
    tx: Session,
    run_id: int,
    status: RunStatus,
    *,
    now: datetime,
    covers: bool = True,
    slot_at: datetime | None = None,
) -> None:
    """The run's result, and how far the harvest has come with it. The caller holds the claim of what is run.

    Args:
        slot_at: the run's slot, so that it is looked for in its month alone.
    """
    ended = update(table_of(HarvestRun)).where(HarvestRun.id == run_id)
    if slot_at is not None:
        ended = ended.where(HarvestRun.slot_at == slot_at)
    row = tx.execute(ended.values(status=status.value, finished_at=now, covers=covers).returning(HarvestRun.slot_at))
    tell_of_end(tx, run_id, row.scalar_one())


def tell_of_end(tx: Session, run_id: int, slot_at: datetime) -> None:
    """What a run that has ended is to its harvest, to the gaps and to the news; in the transaction that ends it."""
    tx.execute(_TELL_OF_END, {"run_id": run_id, "slot_at": slot_at})


# Told by whoever begins or ends a run, in that transaction: the row never says less or more than its runs. greatest()
# skips a null, and takes nothing back when a run that ended is looked at again. A backfill's run is of no slot.
_TELLING = """
    UPDATE harvests h
       SET last_run_id  = greatest(h.last_run_id, r.id),
           last_slot_at = CASE WHEN h.last_run_id > r.id THEN h.last_slot_at ELSE r.slot_at END,
           done_at      = CASE WHEN r.finished_at IS NULL THEN h.done_at
                               ELSE greatest(h.done_at, r.slot_at, r.finished_at) END,
           covered_at   = CASE WHEN r.status IN ('done', 'partial') AND r.covers
                               THEN greatest(h.covered_at, r.finished_at)
                               ELSE h.covered_at END
      FROM harvest_runs r
     WHERE r.id = :run_id AND r.slot_at = :slot_at AND r.backfill_id IS NULL AND h.id = r.harvest_id
"""
_TELL_HARVEST = text(_TELLING)
# One statement sees one moment: the gap is measured from what the harvest had covered before.
_TELL_OF_END = text(f"WITH gap AS ({CLOSING_GAP}), news AS ({TELLING_OF_RUN}) {_TELLING}")


def add_harvests(tx: Session, account_id: int, crons: dict[HarvestKind, str]) -> None:
    """Give an account its harvests; those it has are left alone. The scheduler plans their first slots."""
    for kind, cron in crons.items():
        tx.execute(
            insert(Harvest)
            .values(account_id=account_id, kind=kind.value, cron=cron, next_action_at=func.now())
            .on_conflict_do_nothing()
        )


def resume_harvests(tx: Session, account_id: int) -> None:
    """Have the harvests planned again that were laid aside when the account was removed."""
    is_aside = (Harvest.slot_at.is_(None), Harvest.next_action_at.is_(None))
    tx.execute(update(Harvest).where(Harvest.account_id == account_id, *is_aside).values(next_action_at=func.now()))
