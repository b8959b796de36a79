"""Celery's part of a worker: it takes hints from the broker, and goes on trying whatever the broker says.

A broker that answers and refuses (a replica after a failover, no memory, a password or a right that changed) ends
Celery's own worker, with code 0. Here every word of a broker is a reason to connect anew, after a pause that grows;
meanwhile the pull does the work. What is not a broker's word is a fault of ours: it ends the process, which says so.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import redis
from celery import Celery
from celery.concurrency.thread import TaskPool
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu.asynchronous import get_event_loop
from kombu.exceptions import KombuError

from pressrun import log
from pressrun.clock import Deadline
from pressrun.errors import PressrunError
from pressrun.log import redact
from pressrun.network.hints import Queue

_SHORTEST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 4.0
_TICK_S = 0.1

_log = log.get(__name__)


class WorkerFailed(PressrunError):
    """The worker cannot go on."""


def consume(
    app: Celery, *, queues: Sequence[Queue], concurrency: int, log_level: str, is_told_to_stop: Callable[[], bool]
) -> None:
    """Take hints until SIGTERM, SIGINT or SIGHUP. Raises WorkerFailed, with the cause, when it ends otherwise."""
    failures: list[Exception] = []
    worker_class: Any = type("Worker", (_AsACommand, app.Worker), {})
    worker: Any = worker_class(
        pool=_WakingPool,
        concurrency=concurrency,
        queues=[queue.value for queue in queues],
        loglevel=log_level,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
        hostname=f"pressrun-{'-'.join(queues)}@%h",
        consumer_cls=partial(_PatientConsumer, failures),
    )
    worker.start()
    if not is_told_to_stop():
        cause = failures[-1] if failures else None
        reason = f"{type(cause).__name__}: {cause}" if cause else f"Celery ended with code {worker.exitcode}"
        raise WorkerFailed(f"the worker cannot go on: {redact(' '.join(reason.split()))}")


class _AsACommand:
    """Celery's worker as a command of ours: it ends as others do, and keeps its name among the processes."""

    def set_process_status(self, _info: str) -> None:
        pass

    def install_platform_tweaks(self, worker: Any) -> None:
        """Celery takes the end of the terminal for a wish to be begun anew, and then hears of no signal any more."""
        before = signal.getsignal(signal.SIGHUP)
        super().install_platform_tweaks(worker)  # type: ignore[misc]  # of Celery's worker, beside which it stands
        # What the caller ignores on purpose (nohup) stays ignored.
        signal.signal(signal.SIGHUP, before if before is signal.SIG_IGN else signal.getsignal(signal.SIGTERM))


class _WakingPool(TaskPool):
    """Threads, of which each tells the loop that it is free again.

    Without prefetch a loop that has found all threads busy asks for no hint until it turns again, and nothing turns it
    but its timer, once a second: a process would then begin as many steps a second as it has threads.
    """

    def on_apply(self, *args: Any, **options: Any) -> Any:
        applied = super().on_apply(*args, **options)
        applied.f.add_done_callback(_turn)
        return applied


def _turn(_ended: object) -> None:
    hub = get_event_loop()
    if hub is not None:
        hub.call_soon(_nothing)


def _nothing() -> None:
    pass


class _PatientConsumer(Consumer):
    """Connects anew after every error of the broker, one attempt at a time with a pause after each that failed."""

    def __init__(self, failures: list[Exception], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known: Any = self  # the stubs of Celery do not
        self.connection_errors = (*known.conninfo.connection_errors, redis.RedisError, KombuError)
        self._failures = failures
        self._pause_s = _SHORTEST_PAUSE_S
        self._calm_from = Deadline.after(0)
        self._said = ""

    def start(self) -> None:
        try:
            super().start()
        except Exception as problem:
            self._failures.append(problem)
            raise

    def ensure_connected(self, conn: Any) -> Any:
        conn.connect()
        return conn

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        self._wait_after(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        super().on_connection_error_after_connected(exc)
        self._wait_after(exc)

    def _wait_after(self, problem: Exception) -> None:
        """The pause. Short again once nothing has failed for a while."""
        self._pause_s = _SHORTEST_PAUSE_S if self._calm_from.passed else min(self._pause_s * 2, _LONGEST_PAUSE_S)
        reason = redact(f"{type(problem).__name__}: {problem}")
        if self._calm_from.passed or reason != self._said:
            _log.warning("worker.broker_trouble", error=reason)
        self._said = reason
        # In short waits: this is the main thread, in which Celery learns of signals.
        over = Deadline.after(self._pause_s)
        while not over.passed:
            maybe_shutdown()
            threading.Event().wait(min(_TICK_S, max(over.remaining_s(), 0.0)))
        self._calm_from = Deadline.after(2 * _LONGEST_PAUSE_S)
