"""One step of an object in a bucket: its file is put there, or it is taken away when no container needs it any more.

A step that dies is done again: what is in the bucket by then is found there. Nothing is deleted that somebody wants:
it says `leaving` first, under the lock that whoever wants it takes too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.owed import claims
from models.owed.claims import Lease
from models.ways.bucket_object import LOOK_AGAIN, BucketObject, ObjectState, is_needed, wake_waiting
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from pressrun.media.bucket import Bucket
from pressrun.media.store import EXTENSIONS, MediaStore
from worker.backoff import Backoff
from worker.context import WorkerContext

_AGAIN = Backoff(first_s=4.0, longest_s=300.0)
_log = log.get(__name__)


class _Stopping(Exception):
    """This worker is to end: another one goes on with what is there by then."""


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Do what the object is owed. Raises ClaimLost."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        item = tx.get_one(BucketObject, lease.id, populate_existing=True)
        state = ObjectState(item.state)
        if state is ObjectState.GONE:
            _end(tx, lease, None)
            return
        if state is not ObjectState.LEAVING and not is_needed(tx, item.id, now=clock.now()):
            item.state = (state := ObjectState.LEAVING).value
            tx.flush()
        elif state is ObjectState.THERE:
            _end(tx, lease, clock.now() + LOOK_AGAIN)
            return
    try:
        if state is ObjectState.LEAVING:
            reach("object.after_leaving")
            _remove(ctx, lease, item)
        else:
            _put(ctx, lease, item)
    except _Stopping:
        with ctx.database.transaction() as tx:
            _end(tx, lease, clock.now())
    except PressrunError as problem:
        if isinstance(problem, claims.ClaimLost):
            raise
        _failed(ctx, lease, problem)


def _put(ctx: WorkerContext, lease: Lease, item: BucketObject) -> None:
    path = MediaStore(ctx.settings.home / "media").path(item.sha256)

    def between() -> None:
        if ctx.stopping.is_set():
            raise _Stopping
        with ctx.database.transaction() as tx:
            claims.renew(tx, lease)
        reach("object.before_part")

    _bucket_of(ctx, item).put(path, item.key, EXTENSIONS[item.extension].media_type, between=between)
    reach("object.after_put")
    now = clock.now()
    _settle(ctx, lease, ObjectState.THERE, next_action_at=now + LOOK_AGAIN, put_at=now)


def _remove(ctx: WorkerContext, lease: Lease, item: BucketObject) -> None:
    if not ctx.may_call(lease):
        raise _Stopping
    _bucket_of(ctx, item).remove(item.key)
    reach("object.after_delete")
    _settle(ctx, lease, ObjectState.GONE, next_action_at=None, removed_at=clock.now())


def _settle(
    ctx: WorkerContext, lease: Lease, state: ObjectState, *, next_action_at: datetime | None, **told: object
) -> None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        item = tx.get_one(BucketObject, lease.id, populate_existing=True)
        item.state, item.error, item.tries = state.value, None, 0
        for name, value in told.items():
            setattr(item, name, value)
        tx.flush()
        _end(tx, lease, next_action_at)
    reach("object.after_record")
    with ctx.database.transaction() as tx:
        wake_waiting(tx, lease.id)
        claims.wake_schedulers(tx)


def _end(tx: Session, lease: Lease, next_action_at: datetime | None) -> None:
    claims.finish(tx, lease, next_action_at=next_action_at)
    claims.wake_schedulers(tx)  # only so many transfers run at once: the next one may


def _bucket_of(ctx: WorkerContext, item: BucketObject) -> Bucket:
    bucket = ctx.need_bucket()
    if bucket.place.bucket != item.bucket:
        raise PressrunError(f"it is in the bucket {item.bucket}, and PRESSRUN_S3_BUCKET names another one")
    return bucket


def _failed(ctx: WorkerContext, lease: Lease, problem: PressrunError) -> None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        item = tx.get_one(BucketObject, lease.id, populate_existing=True)
        item.error, item.tries = log.redact(str(problem)), item.tries + 1
        tx.flush()
        _end(tx, lease, clock.now() + max(_AGAIN.after(item.tries), timedelta(seconds=1)))
    _log.warning("object.failed", object_id=lease.id, error=str(problem))
