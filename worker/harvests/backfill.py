"""The step of every backfill: some seconds of reading back, then the row is due again behind all others.

It gives way wherever it can: two run at a time, none while the gate is slow, and what has been stored stays stored. The
cursor moves in the transaction that keeps what lies before it, so an interrupted backfill goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from graph.answers.aside import listening
from models.accounts.account import Account, get_account
from models.harvests.backfill import Backfill
from models.harvests.harvest import Harvest, HarvestKind, begin_run, end_run
from models.owed import claims, gate
from models.owed.claims import ClaimLost, Lease
from models.owed.gate import Purpose
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from worker.backoff import HARVEST
from worker.context import WorkerContext
from worker.harvests import rereading
from worker.harvests.answers.refusals import Memory
from worker.harvests.ending import MOST_TRIES, Done, Ending, Failed, Later, after_error, hold_account, status_of
from worker.harvests.harvester import Harvester
from worker.harvests.past import PAST, Piece
from worker.obstacles import held_back

STEP_S = 10.0
"""How long one step goes on beginning new pieces."""
_SLOW_PAUSE = timedelta(minutes=5)

_log = log.get(__name__)


class _Hopeless(PressrunError):
    """What is tried again and again has to end."""


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Read on for one step. Raises ClaimLost once the claim has passed to someone else."""
    if rereading.run(ctx, lease):
        return
    opened = _open(ctx, lease, now=clock.now())
    if opened is not None:
        _read(*opened)


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> tuple[Harvester, Backfill] | None:
    """The harvester and where it goes on; None when there is nothing to do now."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        backfill = tx.get_one(Backfill, lease.id)
        holder = get_account(tx, backfill.account_id)
        if backfill.finished_at is not None:
            claims.finish(tx, lease, next_action_at=None)
            return None
        postponed = _obstacle(tx, ctx, holder, now)
        if postponed is not None:
            claims.finish(tx, lease, next_action_at=postponed)
            return None
        harvest = tx.scalars(
            select(Harvest).where(Harvest.account_id == holder.id, Harvest.kind == backfill.kind)
        ).one()
        version, asked_at = ctx.settings.graph_version, backfill.requested_at
        owed = begin_run(tx, harvest.id, asked_at, api_version=version, now=now, backfill_id=backfill.id)
        # Counted before the work: a piece that kills its worker each time must not do so for ever.
        backfill.tries += 1
        tx.flush()
        harvester = Harvester(
            ctx=ctx,
            account=holder,
            kind=HarvestKind(backfill.kind),
            lease=lease,
            run_id=owed.id,
            slot_at=owed.slot_at,
            run_started_at=backfill.requested_at,
            covered_at=None,
            tries=backfill.tries,
            memory=Memory(harvest.refused, now),
            errors=list(owed.errors),
        )
        return harvester, backfill


def _obstacle(tx: Session, ctx: WorkerContext, holder: Account, now: datetime) -> datetime | None:
    """Until when it has to wait, if so."""
    held = held_back(tx, ctx, holder, Purpose.HARVEST, now=now)
    if held is not None:
        return held.look_at(now)
    # The past can wait: it does not take from a gate what harvests of today will need.
    return now + _SLOW_PAUSE if gate.is_slow(tx, ctx.settings.app_id, holder.id, now=now) else None


def _read(harvester: Harvester, backfill: Backfill) -> None:
    with listening(harvester.set_aside):
        ending = _read_all(harvester, backfill)
    _end(harvester, ending, now=clock.now())


def _read_all(harvester: Harvester, backfill: Backfill) -> Ending:
    try:
        if backfill.tries > MOST_TRIES:
            raise _Hopeless(f"{MOST_TRIES} tries of the same piece ended without a result")
        harvester.client = harvester.ctx.client(harvester.account, Purpose.HARVEST, on_call=harvester.count)
        return _pieces(harvester, PAST[harvester.kind](harvester, backfill))
    except ClaimLost:
        raise
    except PressrunError as error:
        return after_error(harvester, error, now=clock.now())


def _pieces(harvester: Harvester, pieces: Iterator[Piece]) -> Ending:
    """Read and keep as many pieces as the step has time for."""
    step = Deadline.after(STEP_S)
    for piece in pieces:
        reach("backfill.after_read")
        # What failed in passing is read again with its piece: there is no later slot that would do it.
        is_whole = (harvester.covers and not harvester.has_unread) or harvester.tries >= MOST_TRIES
        _keep(harvester, piece, is_whole=is_whole)
        reach("backfill.after_store")
        if not is_whole:
            until = clock.now() + HARVEST.after(harvester.tries)
            return Later(until, "something could not be read yet", counts=True)
        harvester.has_unread, harvester.covers = False, True
        harvester.tries = 1
        if step.remaining_s() <= 0:
            return Later(clock.now(), "more in the next step")
    return Done()


def _keep(harvester: Harvester, piece: Piece, *, is_whole: bool) -> None:
    def keep(tx: Session) -> None:
        # The fence comes first: of a step whose row has passed to someone else nothing may be kept.
        harvester.lease = claims.renew(tx, harvester.lease)
        rows = harvester.write(tx, piece.store)
        if not is_whole:
            harvester.record(tx, rows=rows)
            return
        harvester.record(tx, rows=rows, errors=harvester.errors)
        backfill = tx.get_one(Backfill, harvester.lease.id)
        backfill.cursor, backfill.progress, backfill.tries = piece.cursor, min(piece.progress, 1.0), 0

    harvester.commit(keep)


def _end(harvester: Harvester, ending: Ending, *, now: datetime) -> None:
    with harvester.transaction() as tx:
        next_action_at = hold_account(tx, harvester.account, ending, now=now)  # before the backfill's lock
        harvester.lease = claims.renew(tx, harvester.lease)
        backfill = tx.get_one(Backfill, harvester.lease.id)
        _remember(tx, harvester)
        match ending:
            case Later():
                harvester.record(tx, rows=0)  # the errors of a piece that is read again are told when it is kept
                backfill.tries -= 0 if ending.counts or backfill.tries == 0 else 1
            case Done() | Failed():
                harvester.record(tx, rows=0, errors=harvester.errors)
                end_run(tx, harvester.run_id, status_of(harvester, ending), now=now, slot_at=harvester.slot_at)
                backfill.finished_at = now
                backfill.progress = 1.0 if isinstance(ending, Done) else backfill.progress
        tx.flush()
        claims.finish(tx, harvester.lease, next_action_at=next_action_at)
        claims.wake_schedulers(tx)
    _log.info("backfill.step", backfill_id=harvester.lease.id, ending=type(ending).__name__)


def _remember(tx: Session, harvester: Harvester) -> None:
    """What was found refused here is not asked for by the harvest either. Its row is another's: one statement only."""
    tx.execute(
        text("""
            UPDATE harvests SET refused = refused || CAST(:refused AS jsonb)
             WHERE account_id = :account_id AND kind = :kind AND NOT refused @> CAST(:refused AS jsonb)
        """),
        {
            "refused": harvester.memory.json_text(),
            "account_id": harvester.account.id,
            "kind": harvester.kind.value,
        },
    )
