"""Harvests: what is read of an account, how often, when next; and one run per slot.

A harvest without a slot (`slot_at` null) waits for the scheduler to plan the next one; the worker only says that it is
done. Running a slot that is done again does nothing. What both need to know of the runs stands in the harvest's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    Row,
    UniqueConstraint,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, table_of
from models.coverage import close_gap
from models.news.coverage import tell_of_run
from models.types import Id, Instant, JsonObject, Str, one_of


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


_UNPLANNED = "slot_at IS NULL AND next_action_at IS NOT NULL"


class Harvest(Base):
    __tablename__ = "harvests"
    __table_args__ = (
        UniqueConstraint("account_id", "kind"),
        one_of("kind", HarvestKind),
        Index("ix_harvests_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_harvests_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
        # Serves the planning: those that are planned and overdue may be many.
        Index("ix_harvests_unplanned", "next_action_at", postgresql_where=text(_UNPLANNED)),
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


def begin_run(
    tx: Session,
    harvest_id: int,
    slot_at: datetime,
    *,
    api_version: str,
    now: datetime,
    backfill_id: int | None = None,
) -> HarvestRun:
    """The run of that slot; one that a killed worker left is taken up again. The caller holds the harvest's claim."""
    tx.execute(
        insert(HarvestRun)
        .values(
            harvest_id=harvest_id,
            backfill_id=backfill_id,
            slot_at=slot_at,
            status=RunStatus.RUNNING.value,
            api_version=api_version,
            started_at=now,
        )
        .on_conflict_do_nothing()
    )
    run = tx.scalars(select(HarvestRun).where(HarvestRun.harvest_id == harvest_id, HarvestRun.slot_at == slot_at)).one()
    tx.execute(_TELL_HARVEST, {"run_id": run.id, "slot_at": slot_at})
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
    slot_at = row.scalar_one()
    close_gap(tx, run_id, slot_at=slot_at)
    tx.execute(_TELL_HARVEST, {"run_id": run_id, "slot_at": slot_at})
    tell_of_run(tx, run_id, slot_at)


# Told by whoever begins or ends a run, in that transaction: the row never says less or more than its runs. greatest()
# skips a null, and takes nothing back when a run that ended is looked at again. A backfill's run is of no slot.
_TELL_HARVEST = text("""
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
""")


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


# MATERIALIZED, and arrays of known length: for a handful of rows Postgres shall not read all harvests.
_WAITING = text(f"""
    WITH waiting AS MATERIALIZED (
        SELECT id, account_id, kind, cron, done_at, next_action_at
          FROM harvests
         WHERE {_UNPLANNED}
         ORDER BY next_action_at
         LIMIT :limit
           FOR UPDATE SKIP LOCKED
    )
    SELECT w.*, a.timezone FROM waiting w JOIN accounts a ON a.id = w.account_id ORDER BY w.next_action_at
""")  # noqa: S608 - a constant
_SETTLE = text("""
    UPDATE harvests h SET slot_at = p.slot_at, next_action_at = p.due_at, tries = 0
      FROM unnest(CAST(:ids AS bigint[]), CAST(:slots AS timestamptz[]), CAST(:due AS timestamptz[]))
           AS p(id, slot_at, due_at)
     WHERE h.id = p.id
""")


def unplanned(tx: Session, *, limit: int) -> Sequence[Row[Any]]:
    """Harvests that wait for a slot, locked; another scheduler's are skipped. Each with `id`, `account_id`, `kind`,
    `cron`, `done_at`, and the `timezone` of its account.
    """
    return tx.execute(_WAITING, {"limit": limit}).all()


def settle(tx: Session, planned: Mapping[int, tuple[datetime, datetime] | None]) -> None:
    """Give harvests, by their ids, a slot and when it is due; None lays one aside. The caller holds their locks."""
    given = [one or (None, None) for one in planned.values()]
    slots, due = [one[0] for one in given], [one[1] for one in given]
    tx.execute(_SETTLE, {"ids": list(planned), "slots": slots, "due": due})
