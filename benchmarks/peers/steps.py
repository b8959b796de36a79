"""Steps of posts a second beside Celery tasks that do nothing: same broker, same cores, same threads.

What a step does more than such a task is the claim, the intent and its commit, the call and the settled row.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from celery import Celery

from benchmarks.peers.figures import Figure, Row, at_least
from benchmarks.peers.posts import burst_of
from benchmarks.peers.sizes import Sizes
from benchmarks.support.rig import rig
from machine.stack import WORKERS
from pressrun.network.broker import make_celery
from pressrun.network.hints import Queue

_TASK = "bench.nothing"
_REPOSITORY = Path(__file__).parents[2]


def rows(sizes: Sizes) -> Iterator[Row]:
    flags = ["--image-processing-s=0", "--video-processing-s=0", "--no-fetch-media"]
    flags += ["--quota-total=1000", "--container-quota=5000"]
    ours, theirs = Figure("publish steps", "/s"), Figure("no-op tasks", "/s")
    with rig(accounts=sizes.accounts, simulator=flags, settings={"LOG_LEVEL": "WARNING"}) as running:
        for number in range(sizes.long_rounds):
            ours.take(partial(burst_of, running, sizes, f"s{number}-"))
            theirs.take(lambda: _noops_per_s(running.here.redis_url, sizes.tasks))
    value = ours.median / theirs.median
    yield at_least("post steps a second", value, 0.5, "≥ 0.5 of no-op Celery tasks", ours, theirs)


def _celery(redis_url: str) -> Celery:
    """Configured as ours is, under keys of its own: our workers listen on the others."""
    app = make_celery(redis_url)
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "global_keyprefix": "bench:"}
    return app


def _noops_per_s(redis_url: str, tasks: int) -> float:
    """The tasks wait in the queue before the worker starts; counted from the first to the last that is done."""
    app = _celery(redis_url)
    for _ in range(tasks):
        app.send_task(_TASK, queue=Queue.PUBLISH.value, ignore_result=True)
    app.close()
    argv = [sys.executable, "-m", "benchmarks.peers.steps", redis_url, str(tasks)]
    done = subprocess.run(argv, cwd=_REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the worker of no-op tasks: {done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1])


def _work(redis_url: str, tasks: int) -> None:
    """Be a worker like ours until all is done; prints tasks a second."""
    import os
    import signal

    from worker.consuming import consume

    app, times = _celery(redis_url), list[float]()

    @app.task(name=_TASK, ignore_result=True)
    def nothing() -> None:
        times.append(time.perf_counter())
        if len(times) == tasks:
            os.kill(os.getpid(), signal.SIGTERM)

    threads = WORKERS["worker-publish"][1]
    consume(
        app,
        queues=[Queue.PUBLISH],
        concurrency=threads,
        log_level="WARNING",
        is_told_to_stop=lambda: len(times) >= tasks,
    )
    print((tasks - 1) / (times[-1] - times[0]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("redis_url")
    parser.add_argument("tasks", type=int)
    given = parser.parse_args()
    _work(given.redis_url, given.tasks)
