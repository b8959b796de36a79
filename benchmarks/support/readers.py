"""Clients that read lists, words and posts of a console without a pause, in a process of their own."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.support.rig import Rig
from operations.access import keys
from operations.operation import OWNER, Context
from pressrun.network.trust import authorities

_PATHS = ("/posts?sort=-publish_at", "/posts?q=read", "/posts/{n}", "/accounts", "/coverage?account=acc0")
_REPOSITORY = Path(__file__).parents[2]


@contextmanager
def reading(running: Rig, clients: int) -> Iterator[dict[str, Any]]:
    """So many at once until the block ends; then what they were answered stands in what it gives.

    Raises SystemExit if one of them died or was refused anything: posts were not measured beside them.
    """
    ctx = Context(running.here.database, running.here.settings)
    key = keys.add(ctx, OWNER, "readers", scopes=["read"]).key
    address = f"http://127.0.0.1:{running.here.settings.console_port}/api/v1"
    told: dict[str, Any] = {}
    command = [sys.executable, "-m", "benchmarks.support.readers", address, str(clients)]
    with subprocess.Popen(
        command, cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(f"{key}\n")
        process.stdin.flush()
        yield told
        answered, _ = process.communicate("enough\n")
    if process.returncode:
        raise SystemExit(f"a reader died: the readers ended with {process.returncode}")
    told |= json.loads(answered)
    if told["refused"]:
        raise SystemExit(f"{told['refused']} of {told['answers']} answers were refused: what was read was no load")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("clients", type=int)
    told = parser.parse_args()
    sys.stdout.write(json.dumps(asyncio.run(_read(told.address, told.clients, sys.stdin.readline().strip()))))


async def _read(address: str, clients: int, key: str) -> dict[str, Any]:
    counts = {"answers": 0, "refused": 0}
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(headers=headers, timeout=120, verify=authorities(), limits=limits) as http:
        # None is cancelled amid a request: httpx closes its connection then, which may be another one's by now.
        is_enough = asyncio.Event()

        async def one(first: int) -> None:
            for number in itertools.count(first):
                path = _PATHS[number % len(_PATHS)].format(n=number % 100 + 1)
                answer = await http.get(f"{address}{path}")
                counts["answers"] += 1
                counts["refused"] += answer.status_code not in (200, 404)  # of the posts, not each number is there
                if is_enough.is_set():
                    return

        begun = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as readers:  # one that died would read no more, and nobody would be told
            for number in range(clients):
                readers.create_task(one(number))
            await asyncio.to_thread(sys.stdin.readline)
            is_enough.set()
        took_s = asyncio.get_running_loop().time() - begun
    return {"readers": clients, **counts, "answers_a_s": round(counts["answers"] / took_s, 1)}


if __name__ == "__main__":
    main()
