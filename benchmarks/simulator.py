"""How fast the simulator answers, beside a bare Starlette application that does nothing, each on one core.

python -m benchmarks.simulator                 4 rounds of 3 s each, in turns
python -m benchmarks.simulator --state-dir     the simulator counts and journals into a folder

The line it prints: requests per second of processor time, which is what one core of its own would serve however busy
the machine is, requests per second by the clock, and the simulator's share of the bare application's speed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_IG_ID = "17841400000000000"
_REPOSITORY = Path(__file__).parents[1]
_PATH = f"/v25.0/{_IG_ID}"
_ANSWER = json.dumps({"username": "amber.yoga.0", "id": _IG_ID}, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Round:
    """Answers of one server within one span: per second of its processor time, and by the clock."""

    per_cpu_s: float
    per_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--state-dir", action="store_true")
    parser.add_argument("--serve-bare", action="store_true", help=argparse.SUPPRESS)
    options = vars(parser.parse_args())
    if options.pop("serve_bare"):
        _serve_bare()
    else:
        print(json.dumps(measure(**options)))


def measure(*, seconds: float, rounds: int, connections: int, state_dir: bool) -> dict[str, Any]:
    """Both servers run all the time, each bound to the first core; only one at a time is asked."""
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--state-dir", folder] if state_dir else []
        with (
            _running("simulator", "--accounts", "2", *flags) as simulator,
            _running("benchmarks.simulator", "--serve-bare") as bare,
        ):
            taken: dict[str, list[Round]] = {"simulator": [], "bare": []}
            for place in range(rounds + 1):
                for name, server in (("simulator", simulator), ("bare", bare)):
                    found = _round(*server, seconds=seconds if place else 0.5, connections=connections)
                    taken[name] += [found] if place else []  # the first one warms up
    speed = {name: median(one.per_cpu_s for one in found) for name, found in taken.items()}
    return {
        "simulator_per_cpu_s": round(speed["simulator"]),
        "bare_per_cpu_s": round(speed["bare"]),
        "share_of_bare": round(speed["simulator"] / speed["bare"], 2),
        "simulator_per_s": round(median(one.per_s for one in taken["simulator"])),
        "bare_per_s": round(median(one.per_s for one in taken["bare"])),
        "connections": connections,
        "rounds": rounds,
    }


def _round(address: str, process: psutil.Process, *, seconds: float, connections: int) -> Round:
    before, start = process.cpu_times(), time.perf_counter()
    answers = asyncio.run(_ask(address, seconds=seconds, connections=connections))
    after, took_s = process.cpu_times(), time.perf_counter() - start
    cpu_s = after.user + after.system - before.user - before.system
    return Round(answers / cpu_s, answers / took_s)


async def _ask(address: str, *, seconds: float, connections: int) -> int:
    """Answers over keep-alive connections, one request at a time on each."""
    host, port = address.split(":")
    head = f"GET {_PATH}?fields=id,username HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer SIM-TOKEN-0\r\n\r\n"
    request, end = head.encode(), time.perf_counter() + seconds

    async def one() -> int:
        reader, writer = await asyncio.open_connection(host, int(port))
        answers = 0
        while time.perf_counter() < end:
            writer.write(request)
            lines = await reader.readuntil(b"\r\n\r\n")
            assert lines.startswith(b"HTTP/1.1 200"), lines
            await reader.readexactly(int(lines.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            answers += 1
        writer.close()
        return answers

    return sum(await asyncio.gather(*(one() for _ in range(connections))))


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[tuple[str, psutil.Process]]:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", module, *arguments], cwd=_REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = re.match(r"LISTENING http://(\S+)", process.stdout.readline())
            assert line, f"{module} did not start"
            known = psutil.Process(process.pid)
            if hasattr(os, "sched_setaffinity"):
                known.cpu_affinity(known.cpu_affinity()[:1])
            yield line[1], known
        finally:
            process.terminate()


def _serve_bare() -> None:
    """The least that Starlette and uvicorn do for an answer of the same length."""

    async def answer(_request: Request) -> Response:
        return Response(_ANSWER, media_type="application/json")

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            print(f"LISTENING http://{host}:{port}", flush=True)

    app = Starlette(routes=[Route("/{version}/{node}", answer)])
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, log_level="warning", http="httptools")
    Server(config).run()


if __name__ == "__main__":
    main()
