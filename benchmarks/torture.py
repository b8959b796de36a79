"""The torture run: posts of all types fall due while everything that can die is killed, again and again.

    python -m benchmarks.torture --posts 1000 --accounts 50 --seconds 600 --seed 7      (make torture)

Two schedulers and four workers. First one process of each kind is killed with SIGKILL and waited for until another has
its place (each service, the simulator, each server and its keeper), Redis is flushed, backends are terminated; then,
each second or so, something of all that happens at random. About a third of the publish calls meet a fault, most
of them after the post was accepted; the network is slow. A person reactivates accounts that were held back.

Ends with a table of what was survived and one JSON line. Exit 0 only if nothing was doubled, lost or violated.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benchmarks.rig import Rig, make_media, rig
from models.account import find_account
from models.invariants import run_all
from models.reading.posts import list_posts
from pressrun.embedded.servers import redis_py_url
from scheduler.posts.changing import resume_account
from scheduler.posts.importing import import_csv

# The proportions of the defaults, so that what takes minutes takes seconds here.
QUICK = {"CALL_DEADLINE": "4s", "LEASE": "8s", "SETTLE": "13s", "SETTLE_GAP": "3s", "HINT_LEASE": "4s"}
QUICK |= {"BACKLOG_SPACING": "1s", "LOG_LEVEL": "WARNING"}
FAULTS = {
    "accept_then_hang": 0.04,
    "accept_then_reset": 0.05,
    "accept_then_500": 0.05,
    "accept_then_2207051": 0.02,
    "accept_then_fatal": 0.02,
    "accept_then_html": 0.03,
    "accept_then_truncated": 0.03,
    "refuse_500": 0.03,
    "reset": 0.03,
    "not_ready": 0.03,
    "empty": 0.02,
}
FINAL = {"published", "failed", "expired", "canceled", "needs_review"}
_START_S = 25.0
_BACK_WITHIN_S = 60.0
_COPIES = "-2"
# A first comment whose answer was lost is doubted for five minutes: not worth the wait.
_OWED = text("""
    SELECT count(*) FROM posts p
     WHERE next_action_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM attempts a WHERE a.post_id = p.id AND a.action = 'comment'
                          AND a.state IN ('intent', 'unknown'))
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=600.0, help="over which the posts fall due")
    parser.add_argument("--every-s", type=float, default=1.5, help="mean time between two blows")
    parser.add_argument("--patience-s", type=float, default=600.0, help="after the last due time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--captions", default="as_sent", help="how the simulator gives captions back, such as changed")
    verdict = torture(**vars(parser.parse_args()))
    for name, value in verdict.items():
        print(f"{name:24} {value}")
    print(json.dumps(verdict))
    sys.exit(0 if is_good(verdict) else 1)


def is_good(verdict: dict[str, Any]) -> bool:
    """Nothing doubled, lost, wrong or violated."""
    wanted_zero = ("duplicates", "lost", "wrong_media_id", "invariants_violated", "quota_violations", "tokens_in_urls")
    return not any(verdict[name] for name in (*wanted_zero, "calls_while_throttled"))


def torture(
    *, posts: int, accounts: int, seconds: float, every_s: float, patience_s: float, seed: int, captions: str
) -> dict[str, Any]:
    chance = random.Random(seed)
    flags = ["--video-processing-s=2", "--image-processing-s=0.3", "--latency-ms=60", f"--seed={seed}"]
    flags.append(f"--reading=captions={captions}")
    # They survive its death.
    flags += [f"--fault=media_publish:{mode}:probability={share}" for mode, share in FAULTS.items()]
    copies = {"scheduler": 2, "worker-publish": 2}
    with rig(accounts=accounts, settings=QUICK, simulator=flags, copies=copies) as running:
        campaign = _campaign(running, posts, accounts, seconds, chance)
        report = import_csv(running.here.database, running.here.settings, campaign)
        if report.problems:
            raise SystemExit(str(report.problems[0]))
        blows = Blows(running, chance)
        end = time.monotonic() + _START_S + seconds
        blows.strike_each()
        while time.monotonic() < end:
            blows.strike()
            _reactivate(running)
            threading.Event().wait(chance.expovariate(1 / every_s))
        _wait_final(running, posts, patience_s)
        return _verdict(running, posts, blows.survived)


class Blows:
    """What is done to the system, and how often."""

    def __init__(self, running: Rig, chance: random.Random) -> None:
        self._running, self._chance = running, chance
        self.survived: Counter[str] = Counter()
        self._kinds: list[tuple[float, Callable[[], str]]] = [
            (10, self._kill_service),
            (2, self._flush_redis),
            (2, self._terminate_backends),
            (1.5, lambda: self._kill_server("valkey", "server_pid")),
            (0.7, lambda: self._kill_server("postgres", "server_pid")),
            (0.4, lambda: self._kill_server("valkey", "keeper_pid")),
            (0.4, lambda: self._kill_server("postgres", "keeper_pid")),
        ]

    def strike_each(self) -> None:
        """One process of each kind dies, and is back before the next one does; raises SystemExit if one is not."""
        for name in sorted(self._running.supervisor.pids()):
            if not name.endswith(_COPIES):
                self._kill_and_await(name, partial(self._pid_of_service, name))
        for kind in ("valkey", "postgres"):
            for which in ("server_pid", "keeper_pid"):
                name = f"{kind} {'keeper ' if which == 'keeper_pid' else ''}".rstrip()
                self._kill_and_await(name, partial(self._pid, kind, which))
        for blow in (self._flush_redis, self._terminate_backends):
            self.survived[_repeated(blow)] += 1

    def _kill_and_await(self, name: str, pid: Callable[[], int]) -> None:
        old = pid()
        psutil.Process(old).kill()
        deadline = time.monotonic() + _BACK_WITHIN_S
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError, KeyError):
                if pid() != old:
                    self.survived[f"{name} killed"] += 1
                    return
            threading.Event().wait(0.05)
        raise SystemExit(f"{name} did not come back within {_BACK_WITHIN_S:g} s")

    def strike(self) -> None:
        weights = [weight for weight, _ in self._kinds]
        blow = self._chance.choices([kind for _, kind in self._kinds], weights)[0]
        # A victim that is down already has been struck before; the next blow comes soon.
        with suppress(psutil.Error, OSError, ValueError, KeyError, redis.RedisError, DBAPIError):
            self.survived[blow()] += 1

    def _kill_service(self) -> str:
        name, pid = self._chance.choice(sorted(self._running.supervisor.pids().items()))
        psutil.Process(pid).kill()
        return f"{name.removesuffix(_COPIES)} killed"

    def _kill_server(self, kind: str, which: str) -> str:
        process = psutil.Process(self._pid(kind, which))
        if not any(kind in part for part in process.cmdline()):
            raise KeyError(kind)
        process.kill()
        return f"{kind} {'keeper ' if which == 'keeper_pid' else ''}killed"

    def _pid_of_service(self, name: str) -> int:
        return self._running.supervisor.pids()[name]

    def _pid(self, kind: str, which: str) -> int:
        return int(json.loads((self._running.home / "run" / f"{kind}.json").read_text())[which])

    def _flush_redis(self) -> str:
        with redis.Redis.from_url(redis_py_url(self._running.here.redis_url), socket_timeout=2) as client:
            client.flushall()
        return "redis flushed"

    def _terminate_backends(self) -> str:
        with self._running.here.database.engine.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'pressrun%' AND pid <> pg_backend_pid() AND random() < 0.3"
                )
            )
        return "backends terminated"


def _repeated(blow: Callable[[], str]) -> str:
    """Until the server that it needs is back."""
    deadline = time.monotonic() + _BACK_WITHIN_S
    while True:
        try:
            return blow()
        except (redis.RedisError, DBAPIError):
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.2)


def _campaign(running: Rig, posts: int, accounts: int, seconds: float, chance: random.Random) -> Path:
    folder = make_media(running.home / "campaign" / "media").parent
    kinds = [
        ("image", "media/feed-{k}.jpg"),
        ("carousel", "media/feed-0.jpg|media/feed-1.jpg"),
        ("carousel", "media/feed-{k}.jpg|media/clip-{k}.mp4|media/feed-2.jpg"),
        ("reel", "media/clip-{k}.mp4"),
        ("image", "media/feed-{k}.jpg"),
    ]
    stories = [
        ("story", "media/story-{k}.jpg"),
        ("story", "media/clip-{k}.mp4"),
        ("story", "media/story-{k}.jpg|media/clip-{k}.mp4"),
    ]
    path = folder / "torture.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "publish_at", "type", "media", "caption", "first_comment", "key", "if_late"])
        for number in range(posts):
            # One story post of each account: two that are lost at once look alike, and are rightly left to a person.
            kind, media = stories[number % len(stories)] if number < accounts else kinds[number % len(kinds)]
            due_s = _START_S + chance.uniform(0, seconds)
            caption = "" if kind == "story" else f"torture {number}  with @friend"
            comment = f"first comment {number}" if kind != "story" and number % 4 == 0 else ""
            source = media.replace("{k}", str(number % 3))
            row = [f"acc{number % accounts}", f"+{due_s:.2f}s", kind, source, caption, comment, f"t{number}", "publish"]
            writer.writerow(row)
    return path


def _reactivate(running: Rig) -> None:
    """The person who looks after accounts that Instagram holds back."""
    with suppress(DBAPIError), running.here.database.transaction() as tx:
        held = list(tx.execute(text("SELECT name FROM accounts WHERE state = 'blocked'")).scalars())
        for name in held:
            resume_account(tx, find_account(tx, name))


def _wait_final(running: Rig, posts: int, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        _reactivate(running)
        with suppress(DBAPIError), running.here.database.transaction() as tx:
            shown = list_posts(tx)
            owed = tx.execute(_OWED).scalar_one()
            if len(shown) == posts and all(post.state in FINAL for post in shown) and not owed:
                return
        threading.Event().wait(1)


def _verdict(running: Rig, posts: int, survived: Counter[str]) -> dict[str, Any]:
    with running.here.database.transaction() as tx:
        shown = list_posts(tx)
        violations = run_all(tx)
        parts = tx.execute(
            text("SELECT media_id FROM parts WHERE parent_id IS NULL AND media_id IS NOT NULL")
        ).scalars()
        known = set(parts)
        uncertain = tx.execute(text("SELECT count(*) FROM post_events WHERE to_state = 'uncertain'")).scalar_one()
    report, ledger = running.simulator("report"), running.simulator("ledger")["publishes"]
    live = {entry["media_id"] for entry in ledger}
    states = Counter(post.state for post in shown)
    late = sorted(post.lateness_ms for post in shown if post.lateness_ms is not None)
    return {
        "posts": posts,
        "published": states["published"],
        "live_media": len(ledger),
        "duplicates": len(ledger) - len({(e["ig_id"], e["caption"] or e["container_id"]) for e in ledger}),
        "lost": posts - states["published"],
        "not_published": [f"{p.key} {p.state}: {p.error}" for p in shown if p.state != "published"][:10],
        "wrong_media_id": len(known ^ live),
        "invariants_violated": violations,
        "quota_violations": len(report["quota_violations"]),
        "calls_while_throttled": report["throttled"]["after_notice"],
        "tokens_in_urls": report["tokens_in_urls"],
        "reconciled": uncertain,
        "lateness_p50_ms": late[len(late) // 2] if late else None,
        "survived": dict(sorted(survived.items())),
        "faults_met": report["faults_fired"],
    }


if __name__ == "__main__":
    main()
