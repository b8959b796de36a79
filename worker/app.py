"""The worker process: Celery with a threads pool, the pull beside it, and a stop that gives claims back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from celery import signals

from graph.transport import Transport
from models.presence import Presence
from models.session import Database
from pressrun import log
from pressrun.broker import make_celery
from pressrun.hints import Queue
from pressrun.media.links import derive_key
from pressrun.settings import Settings
from pressrun.vault import Vault
from worker.attendance import Attendance
from worker.consuming import consume
from worker.context import WorkerContext
from worker.fixing import close_converters
from worker.pull import Puller
from worker.tasks import STEPS, register

_log = log.get(__name__)


def run_worker(
    settings: Settings,
    *,
    database_url: str,
    redis_url: str,
    queues: Sequence[Queue],
    concurrency: int,
    media_base_url: str | None,
) -> None:
    """Work until SIGTERM or SIGINT; running steps end, claims that were not begun are given back.

    Raises WorkerFailed, with the cause, when it must end without being told.
    """
    ctx = make_context(
        settings, database_url=database_url, concurrency=concurrency, media_base_url=media_base_url, queues=queues
    )
    ctx = replace(ctx, presence=(presence := Presence(ctx.database)))
    attendance = Attendance(presence, ctx.database)
    app = make_celery(redis_url)
    register(app, ctx)
    puller = Puller(ctx, STEPS, queues, concurrency=max(concurrency // 2, 2))

    def shut_down(**_: Any) -> None:
        ctx.stopping.set()

    signals.worker_shutting_down.connect(shut_down, weak=False)
    attendance.start()
    puller.start()
    _log.info("worker.started", queues=[queue.value for queue in queues], concurrency=concurrency)
    told: dict[str, Any] = {"queues": queues, "concurrency": concurrency, "log_level": settings.log_level}
    try:
        consume(app, **told, is_told_to_stop=ctx.stopping.is_set)
    finally:
        ctx.stopping.set()
        puller.stop()
        close_converters()
        attendance.stop()
        ctx.close()
        ctx.database.close()
        _log.info("worker.stopped")


def make_context(
    settings: Settings,
    *,
    database_url: str,
    concurrency: int,
    media_base_url: str | None,
    queues: Sequence[Queue] = tuple(Queue),
) -> WorkerContext:
    """What the steps need, for a worker process or for a command that runs a step itself."""
    keys = settings.keys()
    vault = Vault(keys)
    return WorkerContext(
        settings=settings,
        database=Database(
            database_url, pool_size=concurrency + 4, application_name=f"pressrun worker {' '.join(queues)}"
        ),
        vault=vault,
        transport=Transport(),
        media_base_url=media_base_url,
        media_key=derive_key(keys[0]),
    )
