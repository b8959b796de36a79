"""Punctuality: how late the publish call reaches Instagram, from the simulator's own ledger.

python -m benchmarks.lateness --posts 1000 --spread-s 60      half of them reels with 60 s of processing
python -m benchmarks.lateness --posts 300 --spread-s 0        all due in the same second
python -m benchmarks.lateness … --videos 200                  as many videos are made right at the same time
python -m benchmarks.lateness … --without redis|scheduler     that part killed, and kept dead, before the first is due
python -m benchmarks.lateness … --readers 50                  and the same once more while as many clients read
python -m benchmarks.lateness … --floor                       and what a bare loop reaches in the same run

`floor_ms` is measured from due time to answer, with as many calls at a time as there are threads that publish; what
is said of the posts, from due time to the arrival of the call. `answer_ms` of the last post adds the server's latency.
"""

from __future__ import annotations

import argparse
import csv
import json
import struct
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from benchmarks.support.floor import publish_floor
from benchmarks.support.readers import reading
from benchmarks.support.rig import Rig, cpu_times, make_media, percentile, rig, steal_percent
from benchmarks.support.spending import cpu_s
from machine.stack import WORKERS
from models.owed.claims import wake_schedulers
from models.reading.posts.posts import list_posts
from pressrun import clock
from pressrun.media.samples import make_mp4
from scheduler.posts.importing import import_file

_ALL_DUE = text("""
    UPDATE posts SET publish_at = now(), next_action_at = now() WHERE key = ANY(:keys) RETURNING publish_at
""")
_LEAD_S = 40.0
_PATIENCE_S = 240.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--spread-s", type=float, default=60.0)
    parser.add_argument("--reel-processing-s", type=float, default=60.0)
    parser.add_argument("--videos", type=int, default=0)
    parser.add_argument("--readers", type=int, default=0, help="clients of the API that read without a pause")
    parser.add_argument("--without", choices=["redis", "scheduler"])
    parser.add_argument("--latency-ms", type=float, default=0.0, help="of every answer of the simulator")
    parser.add_argument("--floor", action="store_true", help="a bare loop sends as many publishes, after the posts")
    print(json.dumps(measure(**vars(parser.parse_args()))))


def measure(
    *,
    posts: int,
    accounts: int,
    spread_s: float,
    reel_processing_s: float,
    videos: int = 0,
    readers: int = 0,
    without: str | None = None,
    latency_ms: float = 0.0,
    floor: bool = False,
) -> dict[str, Any]:
    """Queue the posts, wait until all are out, compare each call's arrival with its due time (milliseconds)."""
    flags = [f"--video-processing-s={reel_processing_s:g}", "--quota-total=1000", "--container-quota=5000"]
    lead_s = _LEAD_S + reel_processing_s + posts / 15
    how: dict[str, Any] = {"posts": posts, "accounts": accounts, "spread_s": spread_s, "lead_s": lead_s}
    settings = {"API_RATE": "none"} if readers else None
    with rig(accounts=accounts, settings=settings, simulator=[*flags, f"--latency-ms={latency_ms:g}"]) as running:
        before = cpu_times()
        found = send_out(running, **how, videos=videos, without=without)
        told: dict[str, Any] = {"benchmark": "lateness", "posts": posts, "spread_s": spread_s, "without": without}
        told |= {"videos": videos, "videos_still_to_fix": _to_fix(running)} if videos else {}
        told |= {"latency_ms": latency_ms, **found, "answer_ms": round(found["max_ms"] + latency_ms)}
        if readers:
            with reading(running, readers) as told_of:
                meanwhile = send_out(running, **how, name="r")
            told["while_read"] = {**told_of, **meanwhile}
        if floor:
            told["floor_ms"] = floor_of(running, posts=posts, accounts=accounts, spread_s=spread_s)
        return told | {"steal_percent": steal_percent(before, cpu_times())}


def send_out(
    running: Rig,
    *,
    posts: int,
    accounts: int,
    spread_s: float,
    lead_s: float,
    name: str = "p",
    videos: int = 0,
    without: str | None = None,
) -> dict[str, Any]:
    """Queue posts whose captions begin with `name`, due after the lead, and wait until all are out."""
    start = clock.now() + timedelta(seconds=lead_s)
    due = {f"{name}{n}": start + timedelta(seconds=spread_s * n / posts) for n in range(posts)}
    queue(running, due, accounts, name)
    before = _count(running, "published")
    if videos:
        _wait_until(start - timedelta(seconds=10))
        _queue_videos(running, videos)
    _wait_until(start - timedelta(seconds=min(8.0, lead_s)))
    ready, spent = _count(running, "staged"), cpu_s(running)
    if without:
        _keep_dead(running, without)
    wait_published(running, before + posts)
    ledger = [entry for entry in running.simulator("ledger")["publishes"] if entry["caption"] in due]
    late = _lateness_ms(ledger, due)
    return {
        "staged_8s_before": ready,
        "published": len(late),
        "duplicates": len(ledger) - len({entry["caption"] for entry in ledger}),
        **{f"p{round(share * 100)}_ms": round(percentile(late, share)) for share in (0.5, 0.95, 0.99)},
        "max_ms": round(max(late, default=0.0)),
        "early": sum(1 for value in late if value < 0),
        "cpu_ms_a_post": _cpu_ms_a_post(running, spent, posts),
    }


def send_at_once(running: Rig, *, posts: int, accounts: int, name: str) -> float:
    """Seconds from when posts that wait for another day all become due until the last is out, containers included."""
    due = {f"{name}{n}": clock.now() + timedelta(days=2) for n in range(posts)}
    queue(running, due, accounts, name)
    before = _count(running, "published")
    with running.here.database.transaction() as tx:
        start = tx.execute(_ALL_DUE, {"keys": list(due)}).scalars().all()[0]
        wake_schedulers(tx)
    wait_published(running, before + posts)
    ledger = [entry for entry in running.simulator("ledger")["publishes"] if entry["caption"] in due]
    if len(ledger) != posts:
        raise SystemExit(f"{len(ledger)} publishes of {posts} posts")
    last = max(datetime.fromisoformat(entry["at"]) for entry in ledger)
    return float((last - start).total_seconds())


def queue(running: Rig, due: dict[str, datetime], accounts: int, name: str) -> None:
    """Import them, half of them reels."""
    report = import_file(running.here.database, running.here.settings, _campaign(running, due, accounts, name))
    if report.problems:
        raise SystemExit(str(report.problems[0]))


def _cpu_ms_a_post(running: Rig, before: dict[str, float], posts: int) -> dict[str, float]:
    """Of each part, from 8 s before the first is due until all are out; the simulator's stands apart."""
    now = cpu_s(running)
    parts = {name: round(1000 * max(now[name] - before.get(name, 0.0), 0.0) / posts, 1) for name in sorted(now)}
    return parts | {"all_but_simulator": round(sum(parts.values()) - parts.get("simulator", 0.0), 1)}


def floor_of(running: Rig, *, posts: int, accounts: int, spread_s: float) -> dict[str, Any]:
    """The bare loop beside it, with the picture of a post that went out."""
    ledger = running.simulator("ledger")["publishes"]
    images = [entry["source_urls"][0] for entry in ledger if entry["media_type"] == "IMAGE"]
    threads = sum(WORKERS["worker-publish"][1] for name in running.supervisor.pids() if "worker-publish" in name)
    told = {"posts": posts, "accounts": accounts, "spread_s": spread_s, "image_url": images[-1]}
    return {"concurrency": threads, **publish_floor(running.simulator_url, concurrency=threads, **told)}


def _campaign(running: Rig, due: dict[str, datetime], accounts: int, name: str) -> Path:
    folder = make_media(running.home / "campaign" / "media").parent
    path = folder / f"lateness-{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "publish_at", "type", "media", "caption", "key", "if_late"])
        for number, (key, at) in enumerate(due.items()):
            kind, media = ("reel", f"media/clip-{number % 3}.mp4") if number % 2 else ("image", "media/feed-0.jpg")
            writer.writerow([f"acc{number % accounts}", at.isoformat(), kind, media, key, key, "publish"])
    return path


def _queue_videos(running: Rig, count: int) -> None:
    """Each another file, due tomorrow, of 15 frames a second: every frame has to be encoded anew."""
    folder = running.home / "videos"
    folder.mkdir()
    whole = make_mp4(folder / "whole.mp4", 720, 1280, 4.0, fps=15, label="whole").read_bytes()
    path = folder / "videos.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "publish_at", "type", "media", "key", "fix"])
        for number in range(count):
            (folder / f"{number}.mp4").write_bytes(whole + struct.pack(">I4sI", 12, b"free", number))
            writer.writerow(["acc0", "+24h", "reel", f"{number}.mp4", f"video-{number}", "yes"])
    report = import_file(running.here.database, running.here.settings, path)
    if report.problems:
        raise SystemExit(str(report.problems[0]))


def _to_fix(running: Rig) -> int:
    with running.here.database.transaction() as tx:
        return int(tx.execute(text("SELECT count(*) FROM conversions WHERE state = 'asked'")).scalar_one())


def _wait_until(at: datetime) -> None:
    threading.Event().wait(max(0.0, (at - clock.now()).total_seconds()))


def _count(running: Rig, state: str) -> int:
    with running.here.database.transaction() as tx:
        return sum(1 for post in list_posts(tx) if post.state == state)


def wait_published(running: Rig, posts: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while _count(running, "published") < posts and time.monotonic() < deadline:
        threading.Event().wait(1)


def _keep_dead(running: Rig, what: str) -> None:
    """Kill a part again and again, as if it could not be started."""
    mark = {"redis": "valkey", "scheduler": "scheduler"}[what]

    def kill() -> None:
        while True:
            # What is already down is what we want; a number that now names another process is left alone.
            with suppress(OSError, KeyError, ValueError, psutil.Error):
                process = psutil.Process(_pid(running, what))
                if mark in " ".join(process.cmdline()):
                    process.kill()
            threading.Event().wait(0.1)

    threading.Thread(target=kill, daemon=True).start()


def _pid(running: Rig, what: str) -> int:
    if what == "redis":
        return int(json.loads((running.home / "run" / "valkey.json").read_text())["server_pid"])
    return running.supervisor.pids()["scheduler"]


def _lateness_ms(ledger: list[dict[str, Any]], due: dict[str, datetime]) -> list[float]:
    return [
        (datetime.fromisoformat(entry["at"]) - due[entry["caption"]]).total_seconds() * 1000
        for entry in ledger
        if entry["caption"] in due
    ]


if __name__ == "__main__":
    main()
