"""One notice → a delivery for each endpoint that wants it, by itself or in a digest."""

from __future__ import annotations

from models.owed import claims
from models.owed.claims import Lease
from models.telling.delivery import deal
from models.telling.notice import Notice
from pressrun import clock, log
from worker.context import WorkerContext

_log = log.get(__name__)


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Deal the notice out. Raises ClaimLost once the claim has passed to someone else."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        notice = tx.get_one(Notice, lease.id)
        dealt = deal(tx, notice, now=clock.now())
        claims.finish(tx, lease, next_action_at=None)
    _log.info("notice.dealt", notice_id=lease.id, kind=notice.kind, endpoints=dealt)
