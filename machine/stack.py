"""The processes of one machine: what `up` and `demo` supervise, and what each of them is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from machine.ready import LISTENING, READY
from machine.runtime import Runtime, media_base_url
from pressrun.clock import format_duration
from pressrun.embedded.forkserver import ForkServer
from pressrun.embedded.home import Home
from pressrun.embedded.supervisor import Event, ProcessSpec, Supervisor
from pressrun.network.hints import Queue
from pressrun.network.listening import listen
from pressrun.settings import PREFIX, Settings, without_settings


def usual_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


WORKERS: dict[str, tuple[tuple[Queue, ...], int]] = {
    "worker-publish": ((Queue.PUBLISH,), 32),
    "worker-prepare": ((Queue.PREPARE,), 16),
    "worker-harvest": ((Queue.HARVEST, Queue.INBOX), 8),
    "worker-media": ((Queue.MEDIA,), usual_cores()),
}
"""Queues and concurrency of each worker process: a flood of harvests must not reach the threads that publish."""

_MULTIPLIED = (Queue.PUBLISH, Queue.PREPARE)
"""What a full hour makes many of; a process runs Python on one core at a time."""
_MOST_WORKERS = 16

READY_WITHIN_S = 180.0

_STOP_SCHEDULER, _STOP_WORKERS, _STOP_CONSOLE, STOP_LAST = range(4)


@contextmanager
def supervised(
    specs: Sequence[ProcessSpec],
    *,
    on_event: Callable[[str, Event], None] = lambda _name, _event: None,
    forks: ForkServer | None = None,
) -> Iterator[Supervisor]:
    """The processes, all ready; stopped in order at the end, and at once when that is interrupted."""
    supervisor = Supervisor(on_event, forks=forks)
    try:
        supervisor.start(specs, ready_within_s=READY_WITHIN_S)
        yield supervisor
    finally:
        try:
            supervisor.stop()
        except KeyboardInterrupt:
            supervisor.kill()
            raise


def usual_workers() -> int:
    """How many processes each queue of posts gets on a machine of this size: Postgres and the rest want cores too."""
    return min(max(usual_cores() // 2, 1), _MOST_WORKERS)


def worker_names(workers: int) -> dict[str, tuple[tuple[Queue, ...], int]]:
    """The worker processes by name, with queues and concurrency; `workers` of each queue of posts."""
    named: dict[str, tuple[tuple[Queue, ...], int]] = {}
    for name, (queues, concurrency) in WORKERS.items():
        count = workers if queues[0] in _MULTIPLIED else 1
        named |= {name if number == 1 else f"{name}-{number}": (queues, concurrency) for number in range(1, count + 1)}
    return named


def service_specs(here: Runtime, *, console_port: int, workers: int = 1) -> list[ProcessSpec]:
    """Scheduler, workers and console, with the settings of `here`; `workers` processes of each queue of posts."""
    settings = here.settings.model_copy(update={"console_port": console_port})
    settings = settings.model_copy(update={"public_url": media_base_url(settings)})
    worker_specs = [
        service_spec(
            settings,
            name,
            ["worker", *(f"--queue={queue}" for queue in queues), f"--concurrency={concurrency}"],
            ready_line=f"{READY} worker",
            stop_order=_STOP_WORKERS,
        )
        for name, (queues, concurrency) in worker_names(workers).items()
    ]
    return [
        service_spec(settings, "scheduler", ["scheduler"], ready_line=f"{READY} scheduler", stop_order=_STOP_SCHEDULER),
        *worker_specs,
        service_spec(settings, "console", ["console"], ready_line=f"{LISTENING} ", stop_order=_STOP_CONSOLE),
    ]


def worker_processes(here: Runtime, *, queues: Sequence[Queue], concurrency: int, processes: int) -> list[ProcessSpec]:
    """That many worker processes of the same queues, each with that many steps at a time."""
    told = ["worker", *(f"--queue={queue}" for queue in queues), f"--concurrency={concurrency}"]
    name = f"worker-{'-'.join(queues)}-process"  # the logs of a worker of `up` have other names
    return [
        service_spec(here.settings, f"{name}-{number}", told, ready_line=f"{READY} worker", stop_order=_STOP_WORKERS)
        for number in range(1, processes + 1)
    ]


def service_spec(
    settings: Settings, name: str, arguments: Sequence[str], *, ready_line: str | None, stop_order: int
) -> ProcessSpec:
    """One `pressrun` command as a process of its own. Secrets go by the environment, never by the command line."""
    return ProcessSpec(
        name=name,
        # -P: a folder called `models` in the working directory is not ours.
        argv=[sys.executable, "-P", "-m", "cli", *arguments],
        env=environment(settings),
        log_path=Home(settings.home).logs / f"{name}.log",
        ready_line=ready_line,
        stop_order=stop_order,
        function="cli.main:main",
    )


_SAID_OF_NOTHING = {"TRUSTED_PROXIES": "none", "S3_PREFIX": "/"}
"""How those are told that were set to nothing: an empty text would be their default."""


def environment(settings: Settings) -> dict[str, str]:
    """The whole environment of a service: ours, with exactly these settings."""
    told = {
        PREFIX + name.upper(): _text(getattr(settings, name))
        for name in sorted(settings.model_fields_set)
        # Nothing is what a service takes by itself, but for what has another default: there it has to be told.
        if getattr(settings, name) is not None or type(settings).model_fields[name].default is not None
    }
    told |= {PREFIX + name: said for name, said in _SAID_OF_NOTHING.items() if told.get(PREFIX + name) == ""}
    return without_settings(os.environ) | told


def pick_port(host: str, wanted: int) -> int:
    """`wanted` if it can be had, or a free one for 0. Raises PortTaken.

    Picked ahead because the console must come back under the same address after it died.
    """
    with listen(host, wanted) as listener:
        return int(listener.getsockname()[1])


def url_of(host: str, port: int) -> str:
    """Where a person on this machine finds the console."""
    named = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared with, not listened on
    return f"http://[{named}]:{port}" if ":" in named else f"http://{named}:{port}"


def _text(value: Any) -> str:
    """A setting as the environment takes it."""
    if value is None:
        return "none"
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, list):
        return ",".join(_text(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
