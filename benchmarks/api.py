"""What the HTTP API costs on a large installation, beside a bare FastAPI route with one query by primary key.

python -m benchmarks.api                               100,000 posts, a million snapshots, in a throwaway Postgres
python -m benchmarks.api --posts 2000 --streams 50     a small one, for tries

Both servers run all the time in processes of their own; they are asked by turns, over few connections, by whoever has a
key. Prints one JSON line: milliseconds at the median and the 99th percentile, the latter as a multiple of the bare
route's, and the memory of the console with that many event streams open.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil
from fastapi import FastAPI
from sqlalchemy import text

from benchmarks.history import a_database, generate
from benchmarks.support.rig import percentile
from models.store.session import Database
from operations.access import keys
from operations.operation import OWNER, Context
from pressrun.media.samples import make_jpeg
from pressrun.media.store import MediaStore
from pressrun.network.trust import authorities
from pressrun.settings import PREFIX, Settings
from pressrun.vault import generate_key

_REPOSITORY = Path(__file__).parents[1]
_POSTS = Path(__file__).parent / "sql" / "posts.sql"
_DAYS = 125
"""Days of history, of which each account has some eighty snapshots: a hundred accounts have a million."""
_SETTLED_WITHIN_S = 120

Server = tuple[str, psutil.Process]
"""Its address, and its process."""


@dataclass
class Kind:
    """One kind of request, and how long each took."""

    server: str
    method: str
    path: Callable[[int], str]
    body: Callable[[int], dict[str, Any]] | None = None
    ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    """Of the server's process, in all of them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=50, help="of each kind in each round")
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--database-url", help="an empty or generated database to use and keep")
    parser.add_argument("--serve-bare", metavar="URL", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.serve_bare:
        _serve_bare(told.serve_bare)
        return
    with ExitStack() as running:
        database, url = running.enter_context(a_database(told.database_url))
        home = Path(running.enter_context(tempfile.TemporaryDirectory()))
        filled = fill(database, told.posts)
        ctx = Context(database, Settings(home=home))
        key = keys.add(ctx, OWNER, f"bench-{time.time_ns()}", scopes=["read", "publish"]).key
        bare = running.enter_context(_running(["-m", "benchmarks.api", "--serve-bare", url], {}))
        console = running.enter_context(_running(["-m", "cli", "console", "--port=0"], _environment(home, url)))
        found = measure(database, home, key, {"bare": bare, "api": console}, told)
        found |= asyncio.run(streams(console, key, told.streams))
    print(json.dumps(filled | found))


def fill(database: Database, posts: int) -> dict[str, int]:
    """A thousand posts of each account, and its snapshots. A database that has them is left as it is."""
    generate(database, accounts=max(posts // 1000, 1), days=_DAYS)
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.autocommit = True
        there = _count(driver, "posts")
        if there < posts:
            script = re.sub(r"^--.*$", "", _POSTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
            for statement in re.split(r";\n", script.replace(":posts", str(posts - there))):
                if statement.strip():
                    driver.execute(statement)
            driver.execute("VACUUM ANALYZE")
        return {name: _count(driver, name) for name in ("posts", "media_snapshots")}


def _count(driver: Any, table: str) -> int:
    return int(driver.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def measure(
    database: Database, home: Path, key: str, servers: dict[str, Server], told: argparse.Namespace
) -> dict[str, Any]:
    """Every kind by turns, so that what else the machine does falls on all of them."""
    with database.transaction() as tx:
        ids = [int(one) for one in tx.scalars(text("SELECT id FROM posts ORDER BY md5(id::text) LIMIT 500"))]
    kinds = _kinds(ids, _picture(home), time.time_ns())
    for place in range(told.rounds + 1):
        for kind in kinds.values():
            url, process = servers[kind.server]
            before = process.cpu_times()
            taken = asyncio.run(_ask(url, key, kind, told.requests, told.connections))
            after = process.cpu_times()
            if place:  # the first round warms up
                kind.ms += taken
                kind.cpu_s += after.user + after.system - before.user - before.system
    bare = percentile(kinds["bare"].ms, 0.99)
    return {
        name: {
            "p50_ms": round(percentile(kind.ms, 0.5), 2),
            "p99_ms": round(percentile(kind.ms, 0.99), 2),
            "of_bare": round(percentile(kind.ms, 0.99) / bare, 2),
            "cpu_ms": round(kind.cpu_s * 1000 / len(kind.ms), 2),
        }
        for name, kind in kinds.items()
    }


def _kinds(ids: list[int], picture: str, run: int) -> dict[str, Kind]:
    numbers = count()

    def new(_: int) -> dict[str, Any]:
        number = next(numbers)
        return {
            "account": "harbour-bakery",
            "publish_at": f"{2031 + number // 8000}-01-01T00:00Z".replace("01-01", f"{number // 600 % 12 + 1:02d}-02"),
            "type": "image",
            "media": [picture],
            "alt_text": ["A loaf"],
            "caption": f"Number {number}",
            "key": f"new-{run}-{number}",
        }

    return {
        "bare": Kind("bare", "GET", lambda n: f"/posts/{ids[n % len(ids)]}"),
        "post": Kind("api", "GET", lambda n: f"/api/v1/posts/{ids[n % len(ids)]}"),
        "list": Kind("api", "GET", lambda _: "/api/v1/posts?sort=-publish_at"),
        "list_of_account": Kind(
            "api", "GET", lambda _: "/api/v1/posts?account=harbour-bakery&state=published&limit=20"
        ),
        "search": Kind("api", "GET", lambda n: f"/api/v1/posts?q=number%20{n + 1000}"),
        "create": Kind("api", "POST", lambda _: "/api/v1/posts", new),
    }


async def _ask(server: str, key: str, kind: Kind, requests: int, connections: int) -> list[float]:
    """Milliseconds of each answer, over as many connections at a time."""
    numbers, taken = iter(range(requests)), list[float]()
    headers = {"Authorization": f"Bearer {key}"}

    async def one(http: httpx.AsyncClient) -> None:
        for number in numbers:
            body = kind.body(number) if kind.body else None
            begun = time.perf_counter()
            answer = await http.request(kind.method, kind.path(number), json=body)
            taken.append((time.perf_counter() - begun) * 1000)
            assert answer.is_success, answer.text

    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=60, verify=authorities()) as http:
        await asyncio.gather(*(one(http) for _ in range(connections)))
    return taken


async def streams(console: Server, key: str, wanted: int) -> dict[str, Any]:
    """The memory of the console before and with that many streams, each of which has been answered."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    url, process = console
    host, port = url.removeprefix("http://").split(":")
    head = f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    before = process.memory_info().rss

    async def listen() -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        async with asyncio.timeout(_SETTLED_WITHIN_S):
            assert b" 200 " in await reader.readline()
            await reader.readuntil(b"following")
        return writer

    open_: list[asyncio.StreamWriter] = []
    for _ in range(0, wanted, 50):
        open_ += await asyncio.gather(*(listen() for _ in range(50)))
    held = process.memory_info().rss
    for writer in open_:
        writer.close()
    return {"streams": len(open_), "rss_before_mb": round(before / 1e6), "rss_with_streams_mb": round(held / 1e6)}


def _picture(home: Path) -> str:
    make_jpeg(home / "loaf.jpg", 1080, 1350, label="loaf")
    return f"kept:{MediaStore(home / 'media').keep(home / 'loaf.jpg').sha256}"


def _environment(home: Path, url: str) -> dict[str, str]:
    told = {
        "HOME": home,
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:1/0",  # only /readyz asks the broker
        "SECRET_KEYS": generate_key(),
        "PUBLIC_URL": "https://pressrun.example",
        "API_RATE": "none",
        "LOG_LEVEL": "WARNING",
    }
    return {PREFIX + name: str(value) for name, value in told.items()}


@contextmanager
def _running(arguments: list[str], settings: dict[str, str]) -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-u", *arguments],
        cwd=_REPOSITORY,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            line = next((one for line in process.stdout if (one := re.search(r"LISTENING (http://\S+)", line))), None)
            assert line, f"{arguments} did not start"
            yield line[1], psutil.Process(process.pid)
        finally:
            process.terminate()


def _serve_bare(url: str) -> None:
    from console import serve

    database = Database(url)
    serve.run(
        _bare(database),
        host="127.0.0.1",
        port=0,
        threads=database.most_connections,
        on_listening=lambda where: print(f"LISTENING {where}", flush=True),
    )


def _bare(database: Database) -> FastAPI:
    """The least that FastAPI does for a row by its number."""
    app = FastAPI(openapi_url=None)

    @app.get("/posts/{post}")
    def show(post: int) -> dict[str, Any]:
        with database.transaction() as tx:
            row = tx.execute(
                text("SELECT id, state, caption, publish_at FROM posts WHERE id = :id"), {"id": post}
            ).one()
            return dict(row._mapping)

    return app


if __name__ == "__main__":
    main()
