"""Idle cost: what a system with nothing to do spends, with no post and with many that are due next month.

python -m benchmarks.idle --posts 100000 --seconds 60

CPU time of supervisor, scheduler, workers, console, Postgres and Redis (not of the simulator), as a share of one core,
first with empty tables and then with the posts; and the planner's way through the two queries that run all the time.
Nothing is due meanwhile: harvests are put off, and what Postgres owes to the filling of the tables is done before.
"""

from __future__ import annotations

import argparse
import json
import threading
from typing import Any

from sqlalchemy import text

from benchmarks.support.rig import Rig, cpu_times, rig, steal_percent
from benchmarks.support.spending import cpu_s, own_cpu_s
from tests.support.waiting import until

_SETTLED = text("SELECT count(*) FROM harvests WHERE slot_at IS NULL OR slot_at <= now() OR leased_until > now()")
_QUEUE = text("""
    INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, params,
                       max_lateness_s, if_late, next_action_at)
    SELECT 'idle-' || n, md5(n::text), (SELECT min(id) FROM accounts) + n % :accounts, 'image', 'scheduled', due, 'UTC',
           'caption ' || n, '{}', 900, 'expire', due - interval '30 minutes'
      FROM generate_series(1, :posts) n, LATERAL (SELECT now() + interval '30 days' + n * interval '1 second' AS due) d
""")
_PUT_OFF = text("UPDATE harvests SET slot_at = now() + interval '1 day', next_action_at = now() + interval '1 day'")
_PLANS = {
    "next due": "SELECT min(next_action_at) FROM posts WHERE next_action_at IS NOT NULL",
    "due now": "SELECT id FROM posts WHERE next_action_at <= now() ORDER BY next_action_at, id LIMIT 200",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the two measurements")
    print(json.dumps(measure(**vars(parser.parse_args())), indent=1))


def measure(*, posts: int, accounts: int, seconds: float) -> dict[str, Any]:
    """Share of a core in percent, by process and in all, without and with the posts."""
    with rig(accounts=accounts) as running:
        until(lambda: _count(running, _SETTLED) == 0, 300)
        with running.here.database.transaction() as tx:
            tx.execute(_PUT_OFF)
        _tidy(running, "harvests")
        before = cpu_times()
        empty = _spent(running, seconds)
        with running.here.database.transaction() as tx:
            tx.execute(_QUEUE, {"posts": posts, "accounts": accounts})
        _tidy(running, "posts")
        full = _spent(running, seconds)
        return {
            "benchmark": "idle",
            "posts": posts,
            "percent_of_a_core_empty": empty,
            "percent_of_a_core_full": full,
            "ratio": round(full["all"] / empty["all"], 2),
            "plans": {name: _plan(running, query) for name, query in _PLANS.items()},
            "steal_percent": steal_percent(before, cpu_times()),
        }


def _tidy(running: Rig, table: str) -> None:
    with running.here.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {table}"))
        connection.execute(text("CHECKPOINT"))


def _spent(running: Rig, seconds: float) -> dict[str, float]:
    """CPU time of each part over that time, in percent of one core."""
    first = _cpu_s(running) | {"supervisor": own_cpu_s()}
    threading.Event().wait(seconds)
    last = {"supervisor": own_cpu_s()} | _cpu_s(running)  # looking at the others costs time of its own
    spent = {name: round(100 * (last[name] - first.get(name, 0.0)) / seconds, 3) for name in sorted(last)}
    return spent | {"all": round(sum(spent.values()), 3)}


def _cpu_s(running: Rig) -> dict[str, float]:
    return {name: spent for name, spent in cpu_s(running).items() if name != "simulator"}


def _plan(running: Rig, query: str) -> str:
    with running.here.database.transaction() as tx:
        lines = list(tx.scalars(text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query}")))
    scan = next(line.strip(" ->") for line in lines if "Scan" in line)
    return f"{scan}; {lines[-1]}"


def _count(running: Rig, query: Any) -> int:
    with running.here.database.transaction() as tx:
        return int(tx.scalar(query) or 0)


if __name__ == "__main__":
    main()
