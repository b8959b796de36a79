"""A month of harvests: every kind, from the scheduler, over many accounts, on a clock that jumps ahead.

    python -m benchmarks.month --accounts 200 --days 30 --step-hours 6      (make bench-month)

Scheduler, workers, console, Postgres and the simulator live by one clock (benchmarks/support/timelapse.py). It jumps by
a step, then real time passes until all that fell due is read. On the way the accounts post and tell stories, strangers
comment, mention and tag, Instagram restates its numbers, one read in a hundred fails, 30 % of the webhooks are lost and
30 % come twice. The invariants are asked after every simulated day.

Steps longer than a day are standstills, of six days each at the end: what Instagram still tells afterwards must be
there, and of the stories that came and went meanwhile `coverage` must say so, of each.

Ends with one JSON document. Exit 0 only if no invariant was violated, no run was given up, no call was made while
throttled, no day of an account and no media of the feed is missing, and no story is lost without a word
(`stories_unsaid`). `stories_lost` are those that are lost and said to be, `stories_gone_in_days` those of either kind
that were gone before the first standstill.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks.support import timelapse
from benchmarks.support.lacks import DAYS_MISSING, LOST, stories_gone
from benchmarks.support.rig import FIRST_IG_ID, Rig, cpu_times, rig, steal_percent
from benchmarks.support.timelapse import Timelapse
from machine.schema import upgrade
from models.accounts.account import find_account
from models.harvests.watch import WatchKind
from models.store.session import Database
from models.upkeep.invariants import run_all
from scheduler.harvests.watching import watch
from simulator.config import SimulatorConfig
from tests.factories.rows import KEY

QUIET_WITHIN_S, _STANDSTILL = 1800.0, timedelta(days=6)
_LOOK_EVERY_S = 0.25
_FIRST_VERSION = "v25.0"
_FAILING_READS = ("user_media", "insights", "stories", "tags", "media_comments")

_PER_DAY = {"post": 0.4, "story": 0.5, "comment": 0.5, "mention": 0.2, "tag": 0.1}
"""How often each happens to an account on a day, on average."""

# What is owed now or being worked on.
_OWED = text("""
    SELECT (SELECT count(*) FROM harvests WHERE next_action_at <= now() OR leased_until > now())
         + (SELECT count(*) FROM inbox_events WHERE next_action_at <= now() OR leased_until > now())
         + (SELECT count(*) FROM backfills WHERE next_action_at <= now() OR leased_until > now())
""")
# To how long from now: what failed is tried again minutes later, which a jump of hours would turn into hours.
_RETRY = text("""
    SELECT min(next_action_at) - now() FROM harvests
     WHERE slot_at <= now() AND tries > 0 AND next_action_at BETWEEN now() AND now() + interval '1 hour'
""")
_RUNS = text("""
    SELECT h.kind, r.status, count(*) AS runs, CAST(sum(r.calls) AS int) AS calls, CAST(sum(r.rows) AS int) AS rows,
           coalesce(CAST(sum(r.calls) FILTER (WHERE r.started_at > now() - interval '1 day') AS int), 0) AS calls_lately
      FROM harvest_runs r JOIN harvests h ON h.id = r.harvest_id GROUP BY h.kind, r.status ORDER BY h.kind, r.status
""")
_ERRORS = text("""
    SELECT h.kind || ': ' || left(e ->> 'error', 120) AS error, count(*) AS runs
      FROM harvest_runs r JOIN harvests h ON h.id = r.harvest_id, jsonb_array_elements(r.errors) e
     GROUP BY 1 ORDER BY 2 DESC LIMIT 12
""")
_COUNTS = {
    name: text(f"SELECT count(*) FROM {name}")  # noqa: S608 - constants
    for name in (
        "media", "media_snapshots", "account_observations", "audience_snapshots", "tags", "mentions", "comments",
        "competitor_observations", "public_media_snapshots", "hashtag_tops", "harvest_runs", "raw_answers",
    )
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--step-hours", type=float, default=6.0)
    parser.add_argument("--standstills", type=int, default=0, help="of six days, after the days")
    parser.add_argument("--concurrency", type=int, default=16, help="threads of each of two harvest workers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--past", action="store_true", help="read the 90 days before the accounts were added, too")
    arguments = vars(parser.parse_args())
    lapse = timelapse.enter("benchmarks.month")
    try:
        with timelapse.postgres(lapse) as database_url:
            verdict = measure(lapse, database_url, **arguments)
    finally:
        timelapse.leave(lapse)
    print(json.dumps(verdict, indent=1))
    sys.exit(0 if is_good(verdict) else 1)


def is_good(verdict: dict[str, Any]) -> bool:
    """Nothing violated, nothing missing, nothing given up."""
    never = ("invariants_violated", "days_missing", "media_missing", "stories_unsaid", "failed_runs")
    return not any(verdict[name] for name in (*never, "calls_while_throttled"))


def measure(
    lapse: Timelapse,
    database_url: str,
    *,
    accounts: int,
    days: int,
    step_hours: float,
    standstills: int,
    concurrency: int,
    seed: int,
    past: bool,
) -> dict[str, Any]:
    """What the month left in the history, and what it cost."""
    upgrade(Database(database_url))
    settings = _settings(database_url)
    flags = ["--no-fetch-media", "--image-processing-s=0", f"--seed={seed}"]
    flags += ["--webhook-drop=0.3", "--webhook-duplicate=0.3", "--webhook-retry-s=0.1"]
    options = {"worker-harvest": [f"--concurrency={concurrency}"]}
    made = partial(rig, settings=settings, simulator=flags, options=options, copies={"worker-harvest": 2})
    with made(accounts=accounts, past=past) as running:
        month = _Month(running, lapse, accounts, random.Random(seed))
        month.prepare()
        before, started = cpu_times(), time.monotonic()
        month.pass_times([timedelta(hours=step_hours)] * int(days * 24 / step_hours))
        gone_in_days = sorted(month.stories_gone())
        month.pass_times([_STANDSTILL] * standstills)
        seconds = time.monotonic() - started
        return month.verdict() | {
            "stories_gone_in_days": gone_in_days,
            "accounts": accounts,
            "days": days,
            "step_hours": step_hours,
            "seconds": round(seconds, 1),
            "calls_per_s": round(month.calls() / seconds, 1),
            "steal_percent": steal_percent(before, cpu_times()),
        }


def _settings(database_url: str) -> dict[str, str]:
    made_up = SimulatorConfig()
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEYS": KEY,
        "APP_ID": made_up.app_id,
        "APP_SECRET": made_up.app_secret,
        "WEBHOOK_VERIFY_TOKEN": made_up.verify_token,
        "LOG_LEVEL": "WARNING",
    }


class _Month:
    """The world between two jumps of the clock."""

    def __init__(self, running: Rig, lapse: Timelapse, accounts: int, chance: random.Random) -> None:
        self._running, self._lapse, self._accounts, self._chance = running, lapse, accounts, chance
        self._http = httpx.Client(base_url=running.simulator_url, timeout=60)
        self._happened: Counter[str] = Counter()
        self._violated: list[str] = []
        self._passed = timedelta()

    def prepare(self) -> None:
        """What is watched, where webhooks go, and the first reading of all."""
        running = self._running
        for index in range(0, self._accounts, 2):
            with running.here.database.transaction() as tx:
                account = find_account(tx, f"acc{index}")
                watch(tx, account, WatchKind.COMPETITOR, f"sim_brand_{index % 7}")
                watch(tx, account, WatchKind.HASHTAG, f"sourdough{index % 5}")
        port = running.here.settings.console_port
        running.simulator("webhook", {"url": f"http://127.0.0.1:{port}/webhooks/instagram", "verify": True})
        for endpoint in _FAILING_READS:
            running.simulator("faults", {"endpoint": endpoint, "mode": "refuse_500", "probability": 0.01})
        self._settle()

    def pass_times(self, steps: list[timedelta]) -> None:
        """People do what they do in such a time; then it is later, and everything that fell due is read."""
        for step in steps:
            self._pass_time(step)

    def _pass_time(self, step: timedelta) -> None:
        days = self._passed // timedelta(days=1)
        self._live(step)
        self._jump(step)
        self._settle()
        if self._passed // timedelta(days=1) > days:
            self._check_invariants()

    def _jump(self, step: timedelta) -> None:
        self._lapse.jump(step)
        self._passed += step
        self._running.simulator("advance", {"seconds": 0})  # its naps are real: it must see that stories have ended

    def _check_invariants(self) -> None:
        with self._running.here.database.transaction() as tx:
            found = run_all(tx)
        self._violated += [f"{self._passed}: {line}" for line in found]
        print(f"{self._passed}: {self.calls()} calls, {len(found)} violations", file=sys.stderr, flush=True)

    def calls(self) -> int:
        return int(self._running.simulator("report")["calls_total"])

    def verdict(self) -> dict[str, Any]:
        report = self._running.simulator("report")
        with self._running.here.database.transaction() as tx:
            runs = [dict(row._mapping) for row in tx.execute(_RUNS)]
            known = set(tx.scalars(text("SELECT ig_id FROM media")))
            feed = {line["media_id"] for line in self._published() if line["product_type"] != "STORY"}
            stories = self.stories_gone()
            return {
                "benchmark": "month",
                "happened": dict(self._happened),
                "runs": runs,
                "calls_an_account_and_day": self._calls_by_kind(runs, "calls", self._passed),
                "calls_an_account_on_the_last_day": self._calls_by_kind(runs, "calls_lately", timedelta(days=1)),
                "failed_runs": sum(row["runs"] for row in runs if row["status"] == "failed"),
                "errors": {row.error: row.runs for row in tx.execute(_ERRORS)},
                "rows": {name: int(tx.scalar(query) or 0) for name, query in _COUNTS.items()},
                "days_missing": list(tx.scalars(DAYS_MISSING)),
                "media_missing": sorted(feed - known)[:10],
                "stories_lost": sorted(name for name, state in stories.items() if state == LOST),
                "stories_unsaid": sorted(name for name, state in stories.items() if state != LOST),
                "invariants_violated": self._violated,
                "calls": report["calls_total"],
                "calls_while_throttled": report["throttled"]["after_notice"],
                "webhooks": report["webhooks"],
                "faults_met": report["faults_fired"],
            }

    def stories_gone(self) -> dict[str, str | None]:
        return stories_gone(self._running.here.database, self._published())

    def _calls_by_kind(self, runs: list[dict[str, Any]], column: str, time: timedelta) -> dict[str, float]:
        account_days = self._accounts * (time / timedelta(days=1))
        by_kind: Counter[str] = Counter()
        for row in runs:
            by_kind.update({row["kind"]: row[column], "in all": row[column]})
        return {kind: round(calls / account_days, 1) for kind, calls in by_kind.most_common()}

    def _published(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self._running.simulator("ledger")["publishes"]
        return lines

    def _settle(self) -> None:
        """Until nothing is owed at this instant, nothing is to be tried again and no webhook is on its way."""
        deadline, pause = time.monotonic() + QUIET_WITHIN_S, threading.Event()
        while time.monotonic() < deadline:
            with self._running.here.database.transaction() as tx:
                owed, retry = int(tx.scalar(_OWED) or 0), tx.scalar(_RETRY)
            if not owed and not self._running.simulator("report")["webhooks"]["pending"]:
                if retry is None:
                    return
                self._jump(retry)
            pause.wait(_LOOK_EVERY_S)
        raise SystemExit(f"{self._passed}: {owed} steps were still owed after {QUIET_WITHIN_S:g} s")

    def _live(self, step: timedelta) -> None:
        for index in range(self._accounts):
            for what, a_day in _PER_DAY.items():
                if self._chance.random() < a_day * (step / timedelta(days=1)):
                    self._happen(what, index)
                    self._happened[what] += 1

    def _happen(self, what: str, index: int) -> None:
        ig_id = str(FIRST_IG_ID + index)
        if what == "post":
            self._publish(index, {"caption": f"day {self._passed.days} of {ig_id}"})
        elif what == "story":
            self._publish(index, {"media_type": "STORIES"})
        elif what == "mention":
            kind = "comment" if index % 2 or self._chance.random() < 0.5 else "caption"
            self._running.simulator("mention", {"account": ig_id, "kind": kind})
        else:
            self._running.simulator(what, {"account": ig_id})

    def _publish(self, index: int, parameters: dict[str, str]) -> None:
        """As somebody's telephone would: Pressrun learns of it by reading."""
        headers = {"authorization": f"Bearer SIM-TOKEN-{index}"}
        base = f"/{_FIRST_VERSION}/{FIRST_IG_ID + index}"
        body = {"image_url": "https://pictures.example.com/one.jpg", **parameters}
        container = self._http.post(f"{base}/media", data=body, headers=headers).raise_for_status().json()["id"]
        self._http.post(f"{base}/media_publish", data={"creation_id": container}, headers=headers).raise_for_status()


if __name__ == "__main__":
    main()
