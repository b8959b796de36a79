"""One step of an upload: ask how far it has come, send the rest, and note that all of it is there.

A call takes no longer than any other: of a large file it sends what it can, and the next one goes on where Instagram
says. Tries that bring it on do not count.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from graph.client import GraphClient
from models.accounts.account import Account, break_account, get_account
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from models.publishing.container import Container
from models.ways.upload import Upload, UploadState, is_wanted, wake_post
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from pressrun.media.store import MediaStore
from worker.backoff import Backoff
from worker.context import GateShut, WorkerContext
from worker.obstacles import held_back
from worker.outcomes import Verdict, block, staging_rule, wait_of

MOST_TRIES = 8
"""Without a byte more at Instagram."""
_AGAIN = Backoff(first_s=2.0, longest_s=120.0)
_log = log.get(__name__)


@dataclass(frozen=True)
class _Job:
    """What is needed to send, outside of any transaction."""

    upload: Upload
    account: Account
    container_id: str


class _Read(io.BufferedReader):
    """A file of which each piece is asked for once those before it are on their way."""

    def read(self, size: int | None = -1, /) -> bytes:
        reach("upload.before_part")
        return super().read(size)


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Bring the upload on. Raises ClaimLost, and GateShut with the row as it was."""
    opened = _open(ctx, lease)
    if opened is None:
        return
    lease, job = opened
    try:
        path = MediaStore(ctx.settings.home / "media").path(job.upload.sha256)
        _send(ctx, job, lease, path)
    except GraphError as error:
        _failed(ctx, lease, job.account, error)
    except (GateShut, claims.ClaimLost):
        raise
    except PressrunError as problem:
        with ctx.database.transaction() as tx:
            _settle(tx, lease, UploadState.FAILED, problem)
        _wake(ctx, job.upload.container_id)
    else:
        with ctx.database.transaction() as tx:
            _settle(tx, lease, UploadState.DONE, None)
        reach("upload.after_record")
        _wake(ctx, job.upload.container_id)


def _open(ctx: WorkerContext, lease: Lease) -> tuple[Lease, _Job] | None:
    """The upload with all that it takes; None when nothing is to be sent now."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        account = get_account(tx, tx.get_one(Upload, lease.id).account_id)
        held = held_back(tx, ctx, account, Purpose.PUBLISH, now=now)  # the account's lock, if any, before the row's
        lease = claims.renew(tx, lease)
        upload = tx.get_one(Upload, lease.id, populate_existing=True)
        if upload.state != UploadState.OWED.value:
            _end(tx, lease, None)
            return None
        if not is_wanted(tx, upload.container_id):
            _settle(tx, lease, UploadState.DROPPED, None)
            return None
        if held is not None or ctx.stopping.is_set():
            _end(tx, lease, held.look_at(now) if held is not None else now)
            return None
        return lease, _Job(upload, account, tx.get_one(Container, upload.container_id).ig_id or "")


def _send(ctx: WorkerContext, job: _Job, lease: Lease, path: Path) -> None:
    client = ctx.client(job.account, Purpose.PUBLISH)
    size = path.stat().st_size
    offset = _come(ctx, client, job, lease, size)
    reach("upload.after_read")
    if offset < size:
        with _Read(io.FileIO(path)) as file:
            client.publishing.upload(job.upload.url, file, file_size=size, offset=offset)
    reach("upload.after_send")


def _come(ctx: WorkerContext, client: GraphClient, job: _Job, lease: Lease, size: int) -> int:
    """From which byte it goes on; the size of the file when nothing is left to send."""
    status = client.publishing.upload_status(job.container_id)
    is_over = status.uploading == "complete" or status.processing not in (None, "not_started")
    offset = size if is_over else min(status.bytes_transferred or 0, size)
    with ctx.database.transaction() as tx:
        claims.renew(tx, lease)
        upload = tx.get_one(Upload, lease.id, populate_existing=True)
        if offset > upload.bytes_sent:
            upload.tries = 0
        upload.bytes_sent = offset
    return offset


def _settle(tx: Session, lease: Lease, state: UploadState, problem: PressrunError | None) -> None:
    upload = tx.get_one(Upload, lease.id, populate_existing=True)
    upload.state, upload.settled_at = state.value, clock.now()
    _note(upload, problem)
    tx.flush()
    _end(tx, lease, None)


def _end(tx: Session, lease: Lease, next_action_at: datetime | None) -> None:
    claims.finish(tx, lease, next_action_at=next_action_at)
    claims.wake_schedulers(tx)  # only so many transfers run at once: the next one may


def _note(upload: Upload, problem: PressrunError | None) -> None:
    if isinstance(problem, GraphError):
        upload.error, upload.error_class = problem.message, problem.error_class.value
        upload.code, upload.subcode = None if problem.code is None else str(problem.code), problem.subcode
    else:
        upload.error = None if problem is None else log.redact(str(problem))
        upload.error_class = None if problem is None else ErrorClass.INVALID_MEDIA.value


def _failed(ctx: WorkerContext, lease: Lease, account: Account, error: GraphError) -> None:
    """Again where Instagram says that it has come to, later, or never: then its post is told, by a look at it."""
    rule, now, is_outdated = staging_rule(error), clock.now(), False
    _log.info("upload.refused", upload_id=lease.id, error_class=error.error_class.value, code=error.code)
    with ctx.database.transaction() as tx:
        if rule.verdict is Verdict.BREAK_ACCOUNT:  # the account before the row
            is_outdated = not break_account(tx, account.id, token_seen=account.token_sealed, reason=error.advice)
        elif rule.verdict is Verdict.BLOCK_ACCOUNT:
            block(tx, account.id, error, now=now)
        lease = claims.renew(tx, lease)
        upload = tx.get_one(Upload, lease.id, populate_existing=True)
        upload.tries += 1
        is_over = rule.verdict is Verdict.FAIL or (rule.verdict is Verdict.RETRY and upload.tries >= MOST_TRIES)
        if is_over:
            _settle(tx, lease, UploadState.FAILED, error)
        else:
            _note(upload, error)
            tx.flush()
            is_soon = rule.verdict is Verdict.RETRY or is_outdated
            wait = _AGAIN.after(upload.tries) if is_soon else wait_of(error, rule)
            _end(tx, lease, now + max(wait, timedelta(seconds=1)))
    if is_over:
        _wake(ctx, upload.container_id)


def _wake(ctx: WorkerContext, container_id: int) -> None:
    with ctx.database.transaction() as tx:
        wake_post(tx, container_id)
        claims.wake_schedulers(tx)
