"""The step of every harvest: open the run of the owed slot, read, store answer by answer, and end with what follows.

No transaction is open during a call. A worker that dies anywhere leaves a slot that falls due again; what it had
stored is recognised as known. The last store, the run's result and the end of the claim are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from graph.answers.aside import listening
from models.accounts.account import Account, get_account
from models.harvests.closing import Result, close_slot, keep_slot
from models.harvests.company import TOGETHER, take_company
from models.harvests.harvest import Harvest, HarvestKind, HarvestRun, RunStatus, begin_run, end_run
from models.owed import claims, gate
from models.owed.claims import ClaimLost, Lease
from models.owed.gate import Purpose
from models.store import sparing
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from worker.backoff import slow_pause
from worker.boundary import carry_out
from worker.context import WorkerContext
from worker.harvests.answers.refusals import Memory
from worker.harvests.ending import (
    MOST_TRIES,
    Done,
    Ending,
    Failed,
    Later,
    after_error,
    hold_account,
    of_what_is_left,
    status_of,
)
from worker.harvests.harvester import Harvester, Store
from worker.harvests.kinds import (
    account,
    audience,
    comments,
    competitors,
    hashtags,
    media,
    online_followers,
    profile,
    stories,
    tags,
)
from worker.harvests.notes import told
from worker.harvests.together import ask_together, in_order
from worker.obstacles import held_back

Kind = Callable[[Harvester], Iterator[Store]]

KINDS: Mapping[HarvestKind, Kind] = {
    HarvestKind.PROFILE: profile.read,
    HarvestKind.ACCOUNT: account.read,
    HarvestKind.AUDIENCE: audience.read,
    HarvestKind.MEDIA: media.read,
    HarvestKind.STORIES: stories.read,
    HarvestKind.TAGS: tags.read,
    HarvestKind.ONLINE_FOLLOWERS: online_followers.read,
    HarvestKind.COMMENTS: comments.read,
    HarvestKind.COMPETITORS: competitors.read,
    HarvestKind.HASHTAGS: hashtags.read,
}

_log = log.get(__name__)


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Read one account's harvest for its slot. Raises ClaimLost once the claim has passed to someone else."""
    harvester = _open(ctx, lease, now=clock.now())
    if harvester is None:
        return
    company = _company_of(harvester)
    if not company:
        _read(harvester)
        return
    ask_together([harvester, *company])
    left = in_order([harvester, *company])
    try:
        while left:
            one = left.pop(0)
            if one is harvester:
                _read(one)
            else:
                carry_out(ctx, partial(_read_in_company, one), one.lease)
    finally:
        _give_back(ctx, [one for one in left if one is not harvester])


def _company_of(harvester: Harvester) -> list[Harvester]:
    """The account's other harvests that are due and can begin with the same call, taken and opened."""
    ctx = harvester.ctx
    if harvester.kind not in TOGETHER or harvester.tries > 1 or ctx.stopping.is_set():
        return []
    with ctx.database.transaction() as tx:
        leases = take_company(tx, harvester.lease, harvester.account.id, holder=ctx.holder)
    opened = (_open(ctx, lease, now=clock.now()) for lease in leases)
    return [one for one in opened if one is not None]


def _read_in_company(harvester: Harvester, _ctx: WorkerContext, _lease: Lease) -> None:
    _read(harvester)


def _give_back(ctx: WorkerContext, left: Sequence[Harvester]) -> None:
    if left:
        with ctx.database.transaction() as tx:
            for one in left:
                claims.give_back(tx, one.lease.table, one.lease.id, one.lease.claim)


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> Harvester | None:
    """The harvest ready to read, its run begun; None when there is nothing to do now."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        harvest = tx.get_one(Harvest, lease.id)
        holder = get_account(tx, harvest.account_id)
        postponed = _obstacle(tx, ctx, harvest, holder, now)
        if postponed is not None:
            claims.finish(tx, lease, next_action_at=postponed)
            return None
        owed = None if harvest.slot_at is None else _owed_run(tx, ctx, harvest, harvest.slot_at, now)
        if owed is None:
            close_slot(tx, lease, now=now)
            return None
        memory = Memory(harvest.refused, now)
        return Harvester(
            ctx=ctx,
            account=holder,
            kind=HarvestKind(harvest.kind),
            lease=lease,
            run_id=owed.id,
            slot_at=owed.slot_at,
            run_started_at=owed.started_at,
            covered_at=harvest.covered_at,
            tries=harvest.tries + 1,
            memory=memory,
            # What an interrupted try found refused is not asked for again, so its entries go on standing for it.
            errors=[entry for entry in owed.errors if memory.holds(entry.get("what", ""))],
        )


def _obstacle(tx: Session, ctx: WorkerContext, harvest: Harvest, holder: Account, now: datetime) -> datetime | None:
    """Until when the slot has to wait, if so. It is kept."""
    held = held_back(tx, ctx, holder, Purpose.HARVEST, now=now)
    if held is not None:
        return held.look_at(now)
    # A story that is not read in time cannot be read any more; everything else gives way once.
    gives_way = harvest.kind != HarvestKind.STORIES.value and harvest.slot_at is not None
    if gives_way and gate.is_slow(tx, ctx.settings.app_id, holder.id, now=now):
        return slow_pause(harvest.slot_at, now=now)
    return None


def _owed_run(tx: Session, ctx: WorkerContext, harvest: Harvest, slot_at: datetime, now: datetime) -> HarvestRun | None:
    """The run of the slot; None when it is done already or no try is left."""
    # Counted before the work: a slot that kills its worker each time must not do so for ever.
    owed = begin_run(tx, harvest.id, slot_at, api_version=ctx.settings.graph_version, now=now, counted=1)
    if owed.status != RunStatus.RUNNING.value:
        return None
    if harvest.tries >= MOST_TRIES:
        reason = PressrunError(f"{MOST_TRIES} tries of this slot ended without a result")
        owed.errors = [*owed.errors, told("run", reason)]
        tx.flush()
        end_run(tx, owed.id, RunStatus.FAILED, now=now, slot_at=slot_at)
        return None
    return owed


def _read(harvester: Harvester) -> None:
    """Store each answer once the next one has come, and the last one together with the result."""
    with listening(harvester.set_aside):
        ending, last = _read_all(harvester)
        _end(harvester, ending, last, now=clock.now())
    reach("harvest.after_store")


def _read_all(harvester: Harvester) -> tuple[Ending, Store | None]:
    """How the reading ends, and what is still to be stored then."""
    pending: Store | None = None
    try:
        harvester.client = harvester.ctx.client(harvester.account, Purpose.HARVEST, on_call=harvester.count)
        for store in KINDS[harvester.kind](harvester):
            reach("harvest.after_read")
            if pending is not None:
                harvester.store(pending)
            pending = store
        return of_what_is_left(harvester, now=clock.now()), pending
    except ClaimLost:
        raise
    except PressrunError as error:
        return after_error(harvester, error, now=clock.now()), pending
    except DBAPIError as problem:
        if not sparing.is_refusal(problem):
            raise
        # Not a row of the answer, which would have been set aside: asked again, Postgres would refuse it again.
        harvester.note("run", PressrunError(f"Postgres refuses what was read: {sparing.reason(problem)}"))
        return Failed(), None


def _end(harvester: Harvester, ending: Ending, last: Store | None, *, now: datetime) -> None:
    def keep(tx: Session) -> None:
        until = hold_account(tx, harvester.account, ending, now=now)  # before the harvest's lock
        # Fences the whole transaction and holds the row: nothing of it is kept if the claim has passed on.
        harvester.lease = claims.renew(tx, harvester.lease)
        rows = harvester.write(tx, last) if last is not None else 0
        _conclude(tx, harvester, ending, rows, until, now)

    harvester.commit(keep)
    _tell(harvester, ending)


def _conclude(
    tx: Session, harvester: Harvester, ending: Ending, rows: int, until: datetime | None, now: datetime
) -> None:
    refused, lease = harvester.memory.json_text(), harvester.lease
    if harvester.errors and not harvester.has_answer:
        harvester.errors[-1]["unanswered"] = True  # `models/reading/upkeep/health.py` counts such runs
    match ending:
        case Later():
            harvester.record(tx, rows=rows, errors=harvester.errors)
            keep_slot(tx, lease, refused=refused, next_action_at=until, is_try_counted=ending.counts)
        case Done() | Failed():
            result = Result(status_of(harvester, ending), now, harvester.covers)
            harvester.record(tx, rows=rows, errors=harvester.errors, result=result)
            close_slot(tx, lease, now=now, refused=refused)


def _tell(harvester: Harvester, ending: Ending) -> None:
    fields = {"account_id": harvester.account.id, "kind": harvester.kind.value, "run_id": harvester.run_id}
    match ending:
        case Done():
            _log.info("harvest.done", **fields, errors=len(harvester.errors))
        case Failed():
            _log.warning("harvest.failed", **fields, error=harvester.errors[-1]["error"])
        case Later():
            _log.info("harvest.postponed", **fields, until=ending.until.isoformat(), reason=ending.reason)
