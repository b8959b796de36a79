"""What each page of the console costs on a large installation, beside a bare FastAPI route with one query.

python -m benchmarks.pages                       100,000 posts, a million snapshots, in a throwaway Postgres
python -m benchmarks.pages --posts 2000          a small one, for tries; --no-paint without a browser

The console and the bare route run in processes of their own and are asked by turns over one connection; then a browser
opens each page, with nothing kept. Prints one JSON line: for each page milliseconds at the median and the 99th
percentile, the median as a multiple of the bare route's, its size, and the browser's first paint.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks.api import _environment, _running, fill
from benchmarks.history import a_database
from benchmarks.support.rig import percentile
from models.store.session import Database
from operations.access import keys, links
from operations.operation import OWNER, Context
from pressrun.network.trust import authorities
from pressrun.settings import Settings

MOST_MS, MOST_PAINT_MS = 150, 1000
"""What a page may take on the server at the median, and until a browser shows something."""
_PAINT = """() => new Promise((told) => new PerformanceObserver((list) => {
    for (const one of list.getEntriesByName("first-contentful-paint")) told(one.startTime);
}).observe({ type: "paint", buffered: true }))"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=3, help="of each page in each round")
    parser.add_argument("--no-paint", action="store_true", help="ask without a browser only")
    parser.add_argument("--database-url", help="an empty or generated database to use and keep")
    told = parser.parse_args()
    with ExitStack() as running:
        database, url = running.enter_context(a_database(told.database_url))
        home = Path(running.enter_context(tempfile.TemporaryDirectory()))
        filled = fill(database, told.posts)
        ctx = Context(database, Settings(home=home))
        key = keys.add(ctx, OWNER, f"bench-{time.time_ns()}", scopes=["read", "publish", "admin"]).key
        pages, post = _pages(database)
        bare = running.enter_context(_running(["-m", "benchmarks.api", "--serve-bare", url], {}))[0]
        console = running.enter_context(_running(["-m", "cli", "console", "--port=0"], _environment(home, url)))[0]
        found = measure({"bare": f"{bare}/posts/{post}"} | {one: console + one for one in pages}, key, told)
        if not told.no_paint:
            for page, ms in paint(console, console + links.link(ctx, OWNER).path, pages).items():
                found[page]["paint_ms"] = ms
    late = [one for one, figures in found.items() if figures["p50_ms"] > MOST_MS]
    late += [one for one, figures in found.items() if figures.get("paint_ms", 0) > MOST_PAINT_MS]
    print(json.dumps(filled | {"pages": found, "beyond_the_goal": late}))


def _pages(database: Database) -> tuple[list[str], int]:
    """Each page, with the busiest account and week, and a post that went out."""
    with database.transaction() as tx:
        account = tx.execute(text("SELECT name FROM accounts ORDER BY id LIMIT 1")).scalar_one()
        newest = "SELECT id, publish_at FROM posts WHERE state = 'published' ORDER BY publish_at DESC LIMIT 1"
        post = tx.execute(text(newest)).one()
        seen = tx.execute(text("SELECT max(posted_at) FROM media")).scalar_one() or post.publish_at
    on, until = f"{post.publish_at:%Y-%m-%d}", f"{seen:%Y-%m-%d}"
    pages = ["/", f"/?account={account}", f"/calendar?on={on}", f"/calendar?view=week&on={on}", "/calendar?view=list"]
    pages += ["/posts", "/posts?q=number%201234", f"/posts/{post.id}", "/compose", f"/compose?account={account}"]
    pages += ["/import", "/library", f"/insights?account={account}", f"/insights?account={account}&until={until}"]
    pages += ["/inbox", "/inbox?show=comments", "/accounts", f"/accounts/{account}", "/notices", "/system"]
    return [
        *pages,
        "/system/harvests",
        "/system/checks",
        "/system/settings",
        "/system/people",
        "/system/audit",
    ], post.id


def measure(addresses: Mapping[str, str], key: str, told: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Every page by turns, so that what else the machine does falls on all of them."""
    taken: dict[str, list[float]] = {name: [] for name in addresses}
    sizes = dict.fromkeys(addresses, 0)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(headers=headers, timeout=120, verify=authorities()) as http:
        for number in range(told.rounds + 1):
            for name, address in addresses.items():
                for _ in range(told.requests):
                    begun = time.perf_counter()
                    answer = http.get(address)
                    ms = (time.perf_counter() - begun) * 1000
                    assert answer.status_code == 200, (name, answer.status_code, answer.text[:500])
                    sizes[name] = len(answer.content)
                    if number:  # the first round warms up
                        taken[name].append(ms)
    bare = percentile(taken["bare"], 0.5)
    return {
        name: {
            "p50_ms": round(percentile(those, 0.5), 1),
            "p99_ms": round(percentile(those, 0.99), 1),
            "of_bare": round(percentile(those, 0.5) / bare, 1),
            "kb": round(sizes[name] / 1024, 1),
        }
        for name, those in taken.items()
    }


def paint(console: str, link: str, pages: list[str]) -> dict[str, int]:
    """Milliseconds from the wish for a page to the first thing that is seen of it, with nothing kept."""
    from playwright.sync_api import sync_playwright

    from tests.support.tools import require

    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require("chromium", "chromium"), args=list(FLAGS))
        with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
            context.new_page().goto(link)
            state = context.storage_state()
        for path in pages:
            with browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=state) as context:
                page = context.new_page()
                page.goto(console + path, wait_until="load")
                found[path] = round(page.evaluate(_PAINT))
        browser.close()
    return found


if __name__ == "__main__":
    main()
