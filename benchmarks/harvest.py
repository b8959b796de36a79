"""Throughput of harvests: Graph calls per second of one worker process, and how long a morning's reading takes.

python -m benchmarks.harvest --accounts 1000 --latency-ms 200 --concurrency 96

Every harvest of every account falls due at once, as after a night without a worker. One worker process reads them all
from a simulator that answers after the given time; beside it the same number of threads asks the same simulator for
the same account node with a bare client, so that the figure can be read as a ratio.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks.support.rig import FIRST_IG_ID, Rig, cpu_times, rig, steal_percent
from models.upkeep.invariants import run_all
from pressrun.network.trust import authorities
from scheduler.harvests.planning import request_run

_BARE_S = 10.0
_LOOK_EVERY_S = 1.0
_OPEN = text("SELECT count(*) FROM harvests WHERE slot_at <= now() OR slot_at IS NULL OR leased_until > now()")
_RUNS = text("""
    SELECT status, count(*) AS runs, sum(calls) AS calls, sum(rows) AS rows FROM harvest_runs GROUP BY status
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--latency-ms", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=96, help="threads of the harvest worker")
    parser.add_argument("--patience-s", type=float, default=1800.0)
    print(json.dumps(measure(**vars(parser.parse_args())), indent=1))


def measure(*, accounts: int, latency_ms: int, concurrency: int, patience_s: float) -> dict[str, Any]:
    """Calls per second, seconds until all is read, runs and rows by status, violated invariants."""
    flags = [f"--latency-ms={latency_ms}", "--no-fetch-media"]
    options = {"worker-harvest": [f"--concurrency={concurrency}"]}
    with rig(accounts=accounts, simulator=flags, options=options, settings={"LOG_LEVEL": "WARNING"}) as running:
        before = cpu_times()
        bare = _bare_calls_per_s(running, accounts, concurrency)
        _wait_read(running, patience_s)  # the first reading of all: media lists, refusals
        runs_before, calls_before = _runs(running), _calls(running)
        started = time.monotonic()
        with running.here.database.transaction() as tx:
            request_run(tx)
        _wait_read(running, patience_s)
        seconds = time.monotonic() - started
        calls = _calls(running) - calls_before
        with running.here.database.transaction() as tx:
            violated = run_all(tx)
        return {
            "benchmark": "harvest",
            "accounts": accounts,
            "latency_ms": latency_ms,
            "concurrency": concurrency,
            "seconds": round(seconds, 1),
            "calls": calls,
            "calls_per_s": round(calls / seconds, 1),
            "bare_calls_per_s": round(bare, 1),
            "ratio": round(calls / seconds / bare, 2),
            "runs": {name: count - runs_before.get(name, 0) for name, count in _runs(running).items()},
            "invariants_violated": violated,
            "steal_percent": steal_percent(before, cpu_times()),
        }


def _bare_calls_per_s(running: Rig, accounts: int, threads: int) -> float:
    """What that many threads reach with nothing but an HTTP client."""
    counts: Counter[int] = Counter()
    all_ready = threading.Barrier(threads)

    def ask(thread: int) -> None:
        index = thread % accounts
        headers = {"authorization": f"Bearer SIM-TOKEN-{index}"}
        with httpx.Client(base_url=running.simulator_url, headers=headers, timeout=30, verify=authorities()) as client:
            all_ready.wait()
            end = time.monotonic() + _BARE_S
            while time.monotonic() < end:
                client.get(f"/v25.0/{FIRST_IG_ID + index}", params={"fields": "username"}).raise_for_status()
                counts[thread] += 1

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask, range(threads)))
    return counts.total() / _BARE_S


def _wait_read(running: Rig, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    pause = threading.Event()
    while time.monotonic() < deadline:
        with running.here.database.transaction() as tx:
            if not tx.scalar(_OPEN):
                return
        pause.wait(_LOOK_EVERY_S)
    raise SystemExit(f"not read within {patience_s:g} s")


def _calls(running: Rig) -> int:
    return sum(int(count) for count in running.simulator("report")["calls"].values())


def _runs(running: Rig) -> dict[str, int]:
    with running.here.database.transaction() as tx:
        return {row.status: row.runs for row in tx.execute(_RUNS)}


if __name__ == "__main__":
    main()
