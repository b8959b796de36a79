"""The worker process: Celery with a threads pool, the pull beside it, and a stop that gives claims back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from celery import signals

from graph.wire.transport import Transport
from models.owed.presence import Presence
from models.store.session import Database
from pressrun import log
from pressrun.media.links import derive_key
from pressrun.network.broker import make_celery
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from pressrun.vault import Vault
from worker.attendance import Attendance
from worker.consuming import consume
from worker.context import WorkerContext
from worker.fixing import close_converters
from worker.publishing.arming import Armory
from worker.pull import Puller
from worker.tasks import STEPS, register

_USUAL_TURN_S, _SHORT_TURN_S = 0.005, 0.0005
_READS_ONLY = frozenset({Queue.HARVEST, Queue.INBOX})

_log = log.get(__name__)


def turn_s(queues: Collection[Queue]) -> float:
    """How long a thread may compute while others wait, for `sys.setswitchinterval`.

    Short where many threads only wait for Instagram and Postgres: with the interpreter's five milliseconds each wait
    for a socket ends in a further one, and a quarter fewer calls come through. Posts that are due at once go out a
    third later with it, so a worker that publishes keeps to the usual (docs/performance.md).
    """
    return _SHORT_TURN_S if _READS_ONLY.issuperset(queues) else _USUAL_TURN_S


def run_worker(
    settings: Settings,
    *,
    database_url: str,
    redis_url: str,
    queues: Sequence[Queue],
    concurrency: int,
    media_base_url: str | None,
) -> None:
    """Work until SIGTERM, SIGINT or SIGHUP; running steps end, claims that were not begun are given back.

    Raises WorkerFailed, with the cause, when it must end without being told.
    """
    ctx = make_context(
        settings, database_url=database_url, concurrency=concurrency, media_base_url=media_base_url, queues=queues
    )
    ctx = replace(ctx, presence=(presence := Presence(ctx.database)))
    attendance = Attendance(presence, ctx.database)
    app = make_celery(redis_url)
    register(app, ctx)

    def shut_down(**_: Any) -> None:
        ctx.stopping.set()

    signals.worker_shutting_down.connect(shut_down, weak=False)
    attendance.start()
    _log.info("worker.started", queues=[queue.value for queue in queues], concurrency=concurrency)
    told: dict[str, Any] = {"queues": queues, "concurrency": concurrency, "log_level": settings.log_level}
    try:
        with _beside(ctx, queues, concurrency):
            consume(app, **told, is_told_to_stop=ctx.stopping.is_set)
    finally:
        close_converters()
        attendance.stop()
        ctx.close()
        ctx.database.close()
        _log.info("worker.stopped")


@contextmanager
def _beside(ctx: WorkerContext, queues: Sequence[Queue], concurrency: int) -> Iterator[None]:
    """What takes up work without Celery. At the end it waits for the steps that run."""
    beside: list[Puller | Armory] = [Puller(ctx, STEPS, queues, concurrency=max(concurrency // 2, 2))]
    beside += [Armory(ctx, STEPS, senders=concurrency)] if Queue.PUBLISH in queues else []
    started: list[Puller | Armory] = []
    try:
        for one in beside:
            started.append(one)
            one.start()
        yield
    finally:
        ctx.stopping.set()
        for one in started:
            one.stop()


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
