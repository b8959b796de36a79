"""What the processes weigh, and how soon they are there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.lateness import send_out
from benchmarks.peers.figures import Figure, Row, at_most, timed
from benchmarks.peers.sizes import Sizes
from benchmarks.support.rig import cpu_times, rig, steal_percent
from pressrun.embedded.servers import wait_stopped

_STEPS = 64
_REPOSITORY = Path(__file__).parents[2]
_CLI = (sys.executable, "-P", "-m", "cli")


def rows(sizes: Sizes) -> Iterator[Row]:
    yield from _weights(sizes)
    quick, new, known = Figure("--help", "s"), Figure("new home", "s"), Figure("known home", "s")
    for _ in range(sizes.rounds):
        quick.take(lambda: timed(_help))
        _start_twice(new, known)
    yield at_most("pressrun --help", quick.median, 0.3, "≤ 0.3 s", quick)
    yield at_most("pressrun up to READY", known.median, 5.0, "≤ 5 s", known)
    yield at_most("the same, its Postgres made first", new.median, 5.0, "≤ 5 s", new)


def _weights(sizes: Sizes) -> Iterator[Row]:
    """After a burst, so that every thread has worked; each started by itself, since `up` has them share half of it."""
    worker, scheduler = Figure(f"worker at {_STEPS} steps", "MB"), Figure("scheduler", "MB")
    flags = ["--image-processing-s=0", "--video-processing-s=0", "--no-fetch-media", "--quota-total=1000"]
    options = {"worker-publish": [f"--concurrency={_STEPS}"]}
    settings = {"LOG_LEVEL": "WARNING"}
    with rig(accounts=sizes.accounts, simulator=flags, options=options, settings=settings, forked=False) as running:
        send_out(running, posts=sizes.posts, accounts=sizes.accounts, spread_s=0, lead_s=15 + sizes.posts / 8)
        pids = running.supervisor.pids()
        worker.take(lambda: _rss_mb(pids["worker-publish"]))
        scheduler.take(lambda: _rss_mb(pids["scheduler"]))
    yield at_most(worker.name, worker.median, 150, "≤ 150 MB", worker)
    yield at_most(scheduler.name, scheduler.median, 100, "≤ 100 MB", scheduler)


def _rss_mb(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def _help() -> None:
    subprocess.run([*_CLI, "--help"], cwd=_REPOSITORY, env=_environment({}), capture_output=True, check=True)


def _start_twice(new: Figure, known: Figure) -> None:
    folder = Path(tempfile.mkdtemp(prefix="pressrun-up-"))
    folder.chmod(0o711)
    try:
        for figure in (new, known):
            before = cpu_times()
            figure.add(_up_s(folder / "home"), steal_percent(before, cpu_times()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _up_s(home: Path) -> float:
    """Seconds until it says READY; it is stopped afterwards."""
    told = _environment({"PRESSRUN_HOME": str(home), "PRESSRUN_GRAPH_URL": "http://127.0.0.1:1"})
    started = time.perf_counter()
    with subprocess.Popen(
        [*_CLI, "up", "--port", "0"], cwd=_REPOSITORY, env=told, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as up:
        assert up.stdout is not None
        said = any(line.strip() == b"READY" for line in up.stdout)
        took_s = time.perf_counter() - started
        up.terminate()
        up.wait(120)
    wait_stopped(home)
    if not said:
        raise SystemExit("`pressrun up` never said READY")
    return took_s


def _environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PRESSRUN_")}
    return kept | extra
