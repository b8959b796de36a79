"""CPU time of each part of a rig, the simulator's apart from ours."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.support.rig import Rig

_LOOKS = 5


def own_cpu_s() -> float:
    """This process supervises, as `pressrun up` does, and sleeps otherwise."""
    own = psutil.Process().cpu_times()
    return own.user + own.system


def postgres_cpu_s(session_pid: int) -> float | None:
    """Of the server that the session belongs to, with the sessions that have ended; None where it cannot be seen."""
    for _ in range(_LOOKS):
        # One that ends while it is looked at is one of those that have ended: all are looked at again.
        with suppress(psutil.Error):
            server = psutil.Process(session_pid).parent()
            if server is None or "postgres" not in server.name():
                return None
            times = [one.cpu_times() for one in (server, *server.children())]
            return sum(one.user + one.system for one in times) + times[0].children_user + times[0].children_system
    return None


def cpu_s(running: Rig) -> dict[str, float]:
    """Seconds by process; those of Postgres include its sessions that have ended. One that is down is left out."""
    roots = dict(running.supervisor.pids())
    for server in ("postgres", "valkey"):
        with suppress(OSError, KeyError, ValueError):
            state = json.loads((Path(running.home) / "run" / f"{server}.json").read_text())
            roots |= {server: int(state["server_pid"]), f"{server} keeper": int(state["keeper_pid"])}
    spent = {}
    for name, pid in roots.items():
        with suppress(psutil.Error):
            spent[name] = _tree_cpu_s(psutil.Process(pid), alone=name.endswith("keeper"))
    return spent


def _tree_cpu_s(process: psutil.Process, *, alone: bool) -> float:
    """Of the process, its living children and those that have ended; a keeper's only child is its server."""
    total = 0.0
    for one in [process] if alone else [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):
            times = one.cpu_times()
            total += times.user + times.system
    ended = process.cpu_times()
    return total + ended.children_user + ended.children_system
