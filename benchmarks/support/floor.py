"""The floor of a figure: what a bare asyncio loop reaches that sends the same calls to the same simulator.

The calls are prepared as bytes before the first is due, each connection is open and carries one call at a time, and
there is no database: what Pressrun's figure is more than this is what its guarantees cost.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks.support.rig import FIRST_IG_ID, percentile

_VERSION = "v25.0"
_LOOK_EVERY_S = 0.2
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Call:
    """One request of an account, and in how many seconds from the start it is due."""

    account: int
    method: str
    path: str
    params: dict[str, str]
    due_s: float = 0.0


@dataclass(frozen=True)
class Answered:
    """`late_s`: from when it was due to its answer's last byte."""

    call: Call
    status: int
    body: Any
    late_s: float


class Bare:
    """As many connections as there may be calls at a time."""

    def __init__(self, url: str, concurrency: int) -> None:
        place = urlsplit(url)
        self._host, self._port, self._concurrency = place.hostname or "", place.port or 80, concurrency

    async def send(self, calls: Sequence[Call]) -> list[Answered]:
        """All of them, in order of their due times; answers in the order in which they came."""
        streams = await asyncio.gather(
            *(asyncio.open_connection(self._host, self._port) for _ in range(min(self._concurrency, len(calls))))
        )
        queue = [(call, self._prepared(call)) for call in sorted(calls, key=lambda call: call.due_s)][::-1]
        start, answers = time.perf_counter(), list[Answered]()

        async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while queue:
                call, request = queue.pop()
                await asyncio.sleep(start + call.due_s - time.perf_counter())
                writer.write(request)
                status, body = await _answer(reader)
                answers.append(Answered(call, status, body, time.perf_counter() - start - call.due_s))
            writer.close()

        await asyncio.gather(*(work(*stream) for stream in streams))
        return [Answered(one.call, one.status, json.loads(one.body), one.late_s) for one in answers]

    def _prepared(self, call: Call) -> bytes:
        encoded = urlencode(call.params)
        target = f"/{_VERSION}/{call.path}" + (f"?{encoded}" if call.method == "GET" and encoded else "")
        body = encoded if call.method == "POST" else ""
        return (
            f"{call.method} {target} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Authorization: Bearer SIM-TOKEN-{call.account}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


def publish_floor(
    url: str, *, posts: int, accounts: int, concurrency: int, spread_s: float, image_url: str
) -> dict[str, Any]:
    """Containers are made first; then all are published as they fall due: answers, and how late they were."""
    return asyncio.run(_publish_floor(Bare(url, concurrency), posts, accounts, spread_s, image_url))


async def _publish_floor(bare: Bare, posts: int, accounts: int, spread_s: float, image_url: str) -> dict[str, Any]:
    made = await bare.send(
        [
            Call(n % accounts, "POST", f"{FIRST_IG_ID + n % accounts}/media", {"image_url": image_url})
            for n in range(posts)
        ]
    )
    containers = [(one.call.account, str(one.body["id"])) for one in made]
    await _await_finished(bare, containers)
    due = [
        Call(
            account, "POST", f"{FIRST_IG_ID + account}/media_publish", {"creation_id": container}, spread_s * n / posts
        )
        for n, (account, container) in enumerate(containers)
    ]
    answers = await bare.send(due)
    late = [one.late_s * 1000 for one in answers]
    return {
        "answers": dict(Counter(str(one.status) for one in answers)),
        "p50": round(percentile(late, 0.5)),
        "p99": round(percentile(late, 0.99)),
        "last": round(max(late)),
    }


async def _await_finished(bare: Bare, containers: Sequence[tuple[int, str]]) -> None:
    waiting, deadline = list(containers), time.monotonic() + _PATIENCE_S
    while waiting and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_EVERY_S)
        looked = await bare.send([Call(one, "GET", name, {"fields": "status_code"}) for one, name in waiting])
        waiting = [(one.call.account, one.call.path) for one in looked if one.body.get("status_code") == "IN_PROGRESS"]
