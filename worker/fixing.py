"""The step of every conversion: make one file right, in a process of its own, then hand it to the posts that need it.

    tx 1      claim held, the try counted
    convert   into a file beside the kept ones, named for the row; the lease is renewed while it lasts
    keep      moved to its place under its content's hash
    tx 2      the row settled, the posts that need the file have it and go on

The same input by the same recipe gives the same bytes, so a worker that dies anywhere is followed by one that makes the
same file again. What it left lies under the name of the row, and goes with the next try.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache

from models.owed import claims
from models.owed.claims import Lease
from models.posts.conversion import Conversion, ConversionState, settle
from models.posts.event import Cause
from pressrun import clock, log
from pressrun.failpoints import reach
from pressrun.media.fixing.converter import Converter
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.told import CannotFix, Made
from pressrun.media.probe import probe
from pressrun.media.store import Kept, MediaNotKept, MediaStore, MediaStoreFailed
from worker.context import WorkerContext

MOST_TRIES = 3
"""Begun and not ended: the file, or what it makes the machine do, ends the worker."""
NO_ROOM_WAIT = timedelta(seconds=10)
NO_DISK_WAIT = timedelta(minutes=1)
_RENEW_AT = 0.6
"""Of the lease: what is left of it when it is renewed."""

_log = log.get(__name__)


class _Stopping(Exception):
    """The worker is told to stop."""


@dataclass(frozen=True)
class _Work:
    """One conversion at work."""

    id: int
    recipe: Recipe
    source_sha256: str
    tries: int


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One try. Raises ClaimLost when the row has passed to someone else."""
    with _converter() as converter:
        if converter is None or ctx.stopping.is_set():
            _leave(ctx, lease, clock.now() + (timedelta(0) if converter else NO_ROOM_WAIT))
            return
        work = _begin(ctx, lease)
        if work is None:
            return
        held = _Held(ctx, lease)
        store = MediaStore(ctx.settings.home / "media")
        try:
            made, kept = _convert(work, store, converter, held)
        except _Stopping:
            _undo(ctx, held.lease, timedelta(0))
        except MediaStoreFailed as problem:
            _log.warning("fix.no_room", reason=str(problem))
            _undo(ctx, held.lease, NO_DISK_WAIT)
        except CannotFix as problem:
            _fail(ctx, held.lease, work, str(problem))
        except MediaNotKept as problem:
            _fail(ctx, held.lease, work, str(problem))
        else:
            _keep(ctx, held.lease, work, made, kept)


class _Held:
    """The claim while the conversion lasts."""

    def __init__(self, ctx: WorkerContext, lease: Lease) -> None:
        self._ctx, self.lease = ctx, lease

    def beat(self) -> None:
        """Renews the lease in time. Raises ClaimLost, or _Stopping: either ends the conversion."""
        if self._ctx.stopping.is_set():
            raise _Stopping
        if self.lease.deadline.remaining_s() < self.lease.lease_s * _RENEW_AT:
            with self._ctx.database.transaction() as tx:
                self.lease = claims.renew(tx, self.lease)


def _begin(ctx: WorkerContext, lease: Lease) -> _Work | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Conversion, lease.id)
        if row.state != ConversionState.ASKED.value:
            claims.finish(tx, lease, next_action_at=None)
            return None
        row.tries += 1
        row.begun_at = clock.now()
        work = _Work(row.id, Recipe.from_json(row.recipe), row.source_sha256, row.tries)
    reach("fix.begun")
    if work.tries <= MOST_TRIES:
        return work
    _fail(ctx, lease, work, f"{MOST_TRIES} tries to convert it did not come to an end")
    return None


def _convert(work: _Work, store: MediaStore, converter: Converter, held: _Held) -> tuple[Made, Kept]:
    source = store.path(work.source_sha256)
    target = store.root / f".converting-{work.id}"
    target.unlink(missing_ok=True)  # of a try that was ended by force
    try:
        made = converter.fix(source.resolve(), target, work.recipe, beat=held.beat)
    except OSError as problem:
        raise MediaStoreFailed(store.root, problem) from None
    reach("fix.converted")
    if not made.changes:
        target.unlink()
        return made, store.keep(source)
    kept = store.adopt(target)
    reach("fix.kept")
    return made, kept


def _keep(ctx: WorkerContext, lease: Lease, work: _Work, made: Made, kept: Kept) -> None:
    found = {name: one for name, one in asdict(probe(kept.path)).items() if one is not None}
    changed = ", ".join(change.field for change in made.changes) or "nothing to change"
    told = Cause("media.fixed", f"made right: {made.before} → {made.after} ({changed})", detail=made.as_json())
    with ctx.database.transaction() as tx:
        held = claims.renew(tx, lease)
        settle(
            tx,
            work.id,
            ConversionState.DONE,
            told,
            now=clock.now(),
            result=(kept.sha256, kept.extension),
            made=made.as_json(),
            probe=found,
        )
        claims.finish(tx, held, next_action_at=None)
        claims.wake_schedulers(tx)  # they look at no further one while as many are under way as may be
    reach("fix.settled")
    _log.info("fix.done", conversion_id=work.id, changed=changed)


def _fail(ctx: WorkerContext, lease: Lease, work: _Work, why: str) -> None:
    told = Cause("media.unfixable", f"cannot be made right: {why}", error_class="invalid_media")
    with ctx.database.transaction() as tx:
        held = claims.renew(tx, lease)
        settle(tx, work.id, ConversionState.FAILED, told, now=clock.now(), error=why)
        claims.finish(tx, held, next_action_at=None)
        claims.wake_schedulers(tx)
    _log.info("fix.failed", conversion_id=work.id, reason=why)


def _undo(ctx: WorkerContext, lease: Lease, wait: timedelta) -> None:
    """Leave the file to another worker; the try does not count."""
    with ctx.database.transaction() as tx:
        tx.get_one(Conversion, lease.id).tries -= 1
        claims.finish(tx, lease, next_action_at=clock.now() + wait)
        claims.wake_schedulers(tx)


def _leave(ctx: WorkerContext, lease: Lease, until: datetime) -> None:
    with ctx.database.transaction() as tx:
        claims.finish(tx, lease, next_action_at=until)


@cache
def _converters() -> queue.SimpleQueue[Converter]:
    """One for each core of this process, made once. Their processes end with this one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found: queue.SimpleQueue[Converter] = queue.SimpleQueue()
    for _ in range(cores):
        found.put(Converter())
    return found


@contextmanager
def _converter() -> Iterator[Converter | None]:
    """One that is free; None if all are at work."""
    converters = _converters()
    try:
        converter = converters.get_nowait()
    except queue.Empty:
        yield None
        return
    try:
        yield converter
    finally:
        converters.put(converter)


def close_converters() -> None:
    """End those that are free: the worker stops, and the others have been told."""
    converters = _converters()
    _converters.cache_clear()
    while not converters.empty():
        converters.get_nowait().close()
