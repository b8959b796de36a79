"""The torture run: posts of all types fall due while everything that can die is killed, again and again.

    python -m benchmarks.torture --posts 1000 --accounts 50 --seconds 600 --seed 7      (make torture)

Two schedulers and four workers. First a worker dies while it holds a post, until another has taken such a post over;
then one process of each kind is killed with SIGKILL and waited for until another has its place (each service, the
simulator, each server and its keeper), Redis is flushed, backends are terminated; then, each second or so, something of
all that happens at random. About a third of the publish calls meet a fault, most of them after the post was accepted;
the network is slow. A person reactivates accounts that were held back.

    python -m benchmarks.torture --workers-only --posts 200 --accounts 40 --seconds 120 --every-s 3

How late posts are when it is workers that die, one after the other: nothing else is killed, no call meets a fault, each
takes a second, and leases are those of the defaults. `lateness_by_fate` tells apart those whose worker died

    held           before it sent anything: another goes on with them as soon as the dead one is missed
    taken          after Instagram had taken the call: they were out in time, which reading found later
    not taken      in a call that had no effect: sent again once reading has proved that, which takes the settle time

and the rest. Lateness is that of the call that made the post live, by the simulator's ledger.

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
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benchmarks.support.blows import Blows
from benchmarks.support.rig import Rig, make_media, percentile, rig
from models.accounts.account import find_account
from models.reading.posts.posts import list_posts
from models.upkeep.invariants import run_all
from pressrun import clock
from scheduler.posts.changing import resume_account
from scheduler.posts.importing import import_file

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
_START_S = 30.0
_LEAST_EVERY_S = 2.4
"""A machine so slow that the first blow of each kind takes all the time gets so many blows at random nevertheless."""
# A first comment whose answer was lost is doubted for five minutes: not worth the wait.
_OWED = text("""
    SELECT count(*) FROM posts p
     WHERE next_action_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM attempts a WHERE a.post_id = p.id AND a.action = 'comment'
                          AND a.state IN ('intent', 'unknown'))
""")

# What a death meant for a post, by its timeline; of one that had several, the worst.
_FATES = text("""
    SELECT p.media_id, p.publish_at,
           CASE WHEN bool_or(e.reason = 'publish.not_done') THEN 'not taken'
                WHEN bool_or(e.reason = 'publish.lost_sight') THEN 'taken'
                WHEN bool_or(e.reason = 'worker.gone') THEN 'held'
                ELSE 'undisturbed' END AS fate
      FROM posts p JOIN post_events e ON e.post_id = p.id AND e.at <= p.published_at
     WHERE p.media_id IS NOT NULL
     GROUP BY p.id
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=600.0, help="over which the posts fall due")
    parser.add_argument("--every-s", type=float, default=1.5, help="mean time between two blows")
    parser.add_argument("--patience-s", type=float, default=600.0, help="after the last due time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers-only", action="store_true", help="kill workers only, without faults or short leases")
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
    *,
    posts: int,
    accounts: int,
    seconds: float,
    every_s: float,
    patience_s: float,
    seed: int,
    captions: str = "as_sent",
    workers_only: bool = False,
) -> dict[str, Any]:
    chance = random.Random(seed)
    flags = ["--video-processing-s=2", "--image-processing-s=0.3", f"--seed={seed}", f"--reading=captions={captions}"]
    flags.append(f"--latency-ms={1000 if workers_only else 60}")
    if not workers_only:  # told by flags, the faults survive its death
        flags += [f"--fault=media_publish:{mode}:probability={share}" for mode, share in FAULTS.items()]
    copies = {"scheduler": 2, "worker-publish": 2} | ({"worker-prepare": 2} if workers_only else {})
    settings = {"LOG_LEVEL": "WARNING"} if workers_only else QUICK
    with rig(accounts=accounts, settings=settings, simulator=flags, copies=copies) as running:
        report = import_file(
            running.here.database, running.here.settings, _campaign(running, posts, accounts, seconds, chance)
        )
        if report.problems:
            raise SystemExit(str(report.problems[0]))
        blows = Blows(running, chance, workers_only=workers_only)
        end = time.monotonic() + _START_S + seconds
        if not workers_only:
            blows.strike_holder()
        blows.strike_each()
        enough = blows.survived.total() + seconds / _LEAST_EVERY_S
        while time.monotonic() < end or blows.survived.total() < enough:
            blows.strike()
            _reactivate(running)
            threading.Event().wait(chance.expovariate(1 / every_s))
        _wait_final(running, posts, patience_s)
        return _verdict(running, posts, blows.survived)


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
            resume_account(tx, find_account(tx, name), now=clock.now())


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
        fates = tx.execute(_FATES).all()
        uncertain = tx.execute(text("SELECT count(*) FROM post_events WHERE to_state = 'uncertain'")).scalar_one()
        left = tx.execute(text("SELECT count(*) FROM post_events WHERE reason = 'worker.gone'")).scalar_one()
    report, ledger = running.simulator("report"), running.simulator("ledger")["publishes"]
    live = {entry["media_id"] for entry in ledger}
    states = Counter(post.state for post in shown)
    by_fate = _lateness_by_fate(fates, ledger)
    late = [one for some in by_fate.values() for one in some]
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
        "left_by_dead_workers": left,
        **_percentiles(late),
        "lateness_by_fate": {
            fate: {"posts": len(some), **_percentiles(some)} for fate, some in sorted(by_fate.items())
        },
        "survived": dict(sorted(survived.items())),
        "faults_met": report["faults_fired"],
    }


def _lateness_by_fate(fates: Sequence[Any], ledger: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Milliseconds from the due time to the call's arrival, of each post that is live."""
    arrived = {entry["media_id"]: datetime.fromisoformat(entry["at"]) for entry in ledger}
    found: dict[str, list[float]] = defaultdict(list)
    for post in fates:
        if post.media_id in arrived:
            found[post.fate].append((arrived[post.media_id] - post.publish_at) / timedelta(milliseconds=1))
    return found


def _percentiles(late: Sequence[float]) -> dict[str, int]:
    return {f"lateness_p{round(share * 100)}_ms": round(percentile(late, share)) for share in (0.5, 0.95, 0.99, 1)}


if __name__ == "__main__":
    main()
