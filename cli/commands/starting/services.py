"""The processes that Pressrun is made of, one command each: what `up` supervises and containers run."""

from __future__ import annotations

import os
import sys
import threading
from typing import Annotated

import typer

from cli.output import AsJson, note, say, show_json
from machine.ready import READY
from pressrun.network.hints import Queue

_NICE = 5
"""Of a worker that makes files right and does nothing else; what converts for it is less urgent still."""


def scheduler(as_json: AsJson = False) -> None:
    """Claim what falls due and tell the workers. Any number may run side by side."""
    from machine.runtime import read_settings, runtime
    from machine.stopping import stop_event
    from pressrun.network.broker import Broker
    from scheduler.loop import SchedulerLoop, make_ready

    settings = read_settings(is_service=True)
    with runtime(settings, name="scheduler", broker=True) as here, stop_event() as stop:
        broker = Broker(here.redis_url)
        loop = SchedulerLoop(settings=here.settings, database=here.database, broker=broker)
        make_ready()
        _tell_ready("scheduler", as_json=as_json)
        loop.run(stop)
        broker.close()


def worker(
    queue: Annotated[list[Queue] | None, typer.Option(help="Work on this queue; repeatable. Default: all.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=500, help="Steps at a time, in each process.")] = 16,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Worker processes; one that dies is started again.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Do what is due: publish, prepare, harvest, handle webhooks. Any number may run side by side."""
    queues = list(dict.fromkeys(queue or Queue))
    if processes == 1:
        _work(queues, concurrency, as_json=as_json)
    else:
        _supervise(queues, concurrency, processes, as_json=as_json)


def _work(queues: list[Queue], concurrency: int, *, as_json: bool) -> None:
    """This process is the worker."""
    from celery import signals

    from machine.runtime import media_base_url, read_settings, runtime
    from worker.app import run_worker, turn_s

    sys.setswitchinterval(turn_s(queues))
    name = f"worker {' '.join(queues)}"
    if queues == [Queue.MEDIA]:
        os.nice(_NICE)
    with runtime(read_settings(is_service=True), name=name, broker=True) as here:
        here.vault()  # a missing key is told now, not with the first post
        here.database.close()  # the worker has a pool of its own
        signals.worker_ready.connect(lambda **_: _tell_ready(name, as_json=as_json), weak=False)
        run_worker(
            here.settings,
            database_url=here.database_url,
            redis_url=here.redis_url,
            queues=queues,
            concurrency=concurrency,
            media_base_url=media_base_url(here.settings),
        )


def _supervise(queues: list[Queue], concurrency: int, processes: int, *, as_json: bool) -> None:
    """This process starts the workers, starts again those that die, and stops them all when it is stopped."""
    from machine.forks import service_forks
    from machine.runtime import read_settings, runtime
    from machine.stack import supervised, worker_processes
    from machine.stopping import interrupts

    name = f"worker {' '.join(queues)}"
    settings = read_settings(is_service=True)
    with interrupts(), service_forks() as forks, runtime(settings, name=name, broker=True) as here:
        here.vault()
        here.database.close()  # each worker has a pool of its own
        specs = worker_processes(here, queues=queues, concurrency=concurrency, processes=processes)
        with supervised(specs, forks=forks):
            try:
                _tell_ready(name, as_json=as_json)
                threading.Event().wait()
            except KeyboardInterrupt:
                note("stopping; once more to stop at once")


def _tell_ready(name: str, *, as_json: bool) -> None:
    if as_json:
        show_json({"ready": True, "service": name})
    else:
        say(f"{READY} {name}")
