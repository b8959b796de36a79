"""The step of every deletion: each account that the person has connected goes, with all that is known of it.

One account is one transaction: a worker that dies in between is followed by one that goes on with the rest. An account
of which something is being sent is waited for: what became of it would be lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from models.accounts.account import get_account
from models.erasing import removal
from models.erasing.erasure import Wish
from models.hooks.deletion import Deletion, DeletionState, count_erased, settle_deletion
from models.hooks.owner import accounts_of, without_owner
from models.owed import claims
from models.owed.claims import Lease
from pressrun import clock, log
from pressrun.errors import NotPossible
from pressrun.failpoints import reach
from worker.context import WorkerContext

ASKER, WHY = "instagram", "the person who connected it asked Meta to have their data deleted"
AGAIN = timedelta(minutes=15)
_log = log.get(__name__)


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Delete what is left. Raises ClaimLost once the claim has passed to someone else."""
    try:
        while not ctx.stopping.is_set() and _erase_next(ctx, lease, now=clock.now()):
            reach("deletion.after_account")
    except NotPossible as busy:
        _wait(ctx, lease, str(busy), now=clock.now())
        return
    _settle(ctx, lease, now=clock.now())


def _erase_next(ctx: WorkerContext, lease: Lease, *, now: datetime) -> bool:
    """Whether there was one. Raises NotPossible while something of it is being sent."""
    with ctx.database.transaction() as tx:
        row = tx.get_one(Deletion, lease.id)
        ids = accounts_of(tx, row.user_id, with_removed=True) if row.state == DeletionState.ASKED.value else []
        if not ids:
            return False
        locked = removal.hold(tx, get_account(tx, ids[0]))  # before the claim: the order of locks
        claims.renew(tx, lease)
        rows = removal.erase_settled(tx, locked, Wish(ASKER, WHY, now))
        count_erased(row, rows)
        tx.flush()
    _log.warning("deletion.account_erased", deletion_id=lease.id, account_id=ids[0], rows=sum(rows.values()))
    return True


def _settle(ctx: WorkerContext, lease: Lease, *, now: datetime) -> None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Deletion, lease.id)
        if row.state == DeletionState.ASKED.value:
            if accounts_of(tx, row.user_id, with_removed=True):  # this worker is stopping
                claims.finish(tx, lease, next_action_at=now)
                return
            state = DeletionState.DONE if row.erased else DeletionState.NOTHING
            if not row.erased and without_owner(tx):
                state = DeletionState.REVIEW
            settle_deletion(row, state, now=now)
            tx.flush()
            _log.info("deletion.settled", deletion_id=lease.id, state=state.value, accounts=row.erased)
        claims.finish(tx, lease, next_action_at=None)


def _wait(ctx: WorkerContext, lease: Lease, why: str, *, now: datetime) -> None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Deletion, lease.id)
        row.error, row.tries = why, row.tries + 1
        tx.flush()
        claims.finish(tx, lease, next_action_at=now + AGAIN)
    _log.info("deletion.waits", deletion_id=lease.id, reason=why)
