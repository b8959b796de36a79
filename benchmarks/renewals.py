"""Three weeks in which no token can be renewed, on a clock that jumps: does a post go missing?

python -m benchmarks.renewals                     two accounts, one on each login, a post a day
python -m benchmarks.renewals --failing-days 5    a short one

All of Pressrun runs. Renewing fails until half a day before the end of the first token; then it works again. Ends with
one JSON document, and with 1 if a post is missing, an account has stopped, or a token was not renewed in the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks.support import timelapse
from benchmarks.support.rig import Rig, make_media, rig
from benchmarks.support.timelapse import Timelapse
from machine.schema import upgrade
from models.store.session import Database
from models.upkeep.invariants import run_all
from pressrun import clock
from scheduler.posts.importing import import_fields
from simulator.config import SimulatorConfig
from tests.factories.rows import KEY

_FAILING = ("refresh_access_token", "oauth_access_token")
_DAY = timedelta(days=1)
_QUIET_WITHIN_S = 120.0
_LOOK_EVERY_S = 0.25
_OWED = text("""
    SELECT (SELECT count(*) FROM tokens WHERE next_action_at <= now() OR leased_until > now())
         + (SELECT count(*) FROM posts WHERE next_action_at <= now() OR leased_until > now())
         + (SELECT count(*) FROM posts WHERE state NOT IN ('published', 'failed', 'expired', 'needs_review'))
""")
_LEFT = text("""
    SELECT p.id, p.state, p.publish_at, p.wait_reason, p.next_action_at, p.leased_until, p.error, now() AS at
      FROM posts p WHERE p.state <> 'published' OR p.next_action_at <= now() OR p.leased_until > now()
""")
_ENDS = text("SELECT min(expires_at) FROM tokens")
_READ_NOTHING = text("""
    UPDATE harvests SET slot_at = now() + interval '1 year', next_action_at = now() + interval '1 year',
           leased_until = NULL, claim = claim + 1
""")
_STATES = text("SELECT state, count(*) AS posts FROM posts GROUP BY state")
_TOKENS = text("""
    SELECT a.name, a.state, t.expires_at, t.renewed_at, t.failing_since, t.error
      FROM tokens t JOIN accounts a ON a.id = t.account_id ORDER BY a.name
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=2)
    parser.add_argument("--failing-days", type=int, default=20)
    arguments = vars(parser.parse_args())
    lapse = timelapse.enter("benchmarks.renewals")
    try:
        with timelapse.postgres(lapse) as database_url:
            verdict = measure(lapse, database_url, **arguments)
    finally:
        timelapse.leave(lapse)
    print(json.dumps(verdict, indent=1))
    sys.exit(0 if verdict["is_good"] else 1)


def measure(lapse: Timelapse, database_url: str, *, accounts: int, failing_days: int) -> dict[str, Any]:
    """What became of the posts and the tokens."""
    upgrade(Database(database_url))
    made_up = SimulatorConfig()
    settings = {
        "DATABASE_URL": database_url,
        "SECRET_KEYS": KEY,
        "APP_ID": made_up.app_id,
        "APP_SECRET": made_up.app_secret,
        "LOG_LEVEL": "WARNING",
    }
    flags = ["--no-fetch-media", "--image-processing-s=0", "--media-each=0"]
    with rig(accounts=accounts, settings=settings, simulator=flags) as running:
        weeks = _Weeks(running, lapse, accounts, make_media(running.home / "media"))
        weeks.begin()
        weeks.fail_until(failing_days)
        failing = weeks.tokens()
        weeks.mend()
        return weeks.verdict(failing)


class _Weeks:
    """The world between two jumps."""

    def __init__(self, running: Rig, lapse: Timelapse, accounts: int, media: Path) -> None:
        self._running, self._lapse, self._accounts, self._media = running, lapse, accounts, media
        self._queued = 0

    def begin(self) -> None:
        """Nothing is read of the accounts but their tokens; two days later every end is known."""
        with self._running.here.database.transaction() as tx:
            tx.execute(_READ_NOTHING)
        for _ in range(3):
            self._pass_time(_DAY)

    def fail_until(self, days: int) -> None:
        """From now on nothing is renewed; of the last days before the first end each has its post."""
        for endpoint in _FAILING:
            self._running.simulator("faults", {"endpoint": endpoint, "mode": "refuse", "code": 10})
        end = self._first_end()
        while end - clock.now() > timedelta(days=days + 1.5):
            self._pass_time(_DAY)
        for _ in range(days):
            self._publish()
            self._pass_time(_DAY)
        self._pass_time(max(end - clock.now() - _DAY / 2, timedelta(seconds=1)))

    def mend(self) -> None:
        """It works again, and the account goes on beyond the end of the token that it had."""
        httpx.delete(f"{self._running.simulator_url}/_sim/faults", timeout=30).raise_for_status()
        self._pass_time(_DAY / 3)
        self._publish()
        self._pass_time(_DAY)
        self._publish()

    def tokens(self) -> list[dict[str, Any]]:
        with self._running.here.database.transaction() as tx:
            return [{**row._mapping, "expires_at": str(row.expires_at)} for row in tx.execute(_TOKENS)]

    def verdict(self, failing: list[dict[str, Any]]) -> dict[str, Any]:
        with self._running.here.database.transaction() as tx:
            states = {row.state: row.posts for row in tx.execute(_STATES)}
            violated = run_all(tx)
        tokens = self.tokens()
        lived = all(one["state"] == "active" and one["error"] is None for one in tokens)
        renewed = all(now["expires_at"] > then["expires_at"] for then, now in zip(failing, tokens, strict=True))
        failed_all = all(one["failing_since"] is not None for one in failing)
        live = len(self._running.simulator("ledger")["publishes"])
        return {
            "benchmark": "renewals",
            "queued": self._queued,
            "live": live,
            "states": states,
            "failing_since": [str(one["failing_since"]) for one in failing],
            "renewed_at": [str(one["renewed_at"]) for one in tokens],
            "invariants_violated": violated,
            "is_good": lived
            and renewed
            and failed_all
            and not violated
            and states == {"published": self._queued}
            and live == self._queued,
        }

    def _publish(self) -> None:
        for index in range(self._accounts):
            self._queued += 1
            fields = {
                "account": f"acc{index}",
                "publish_at": "+5s",
                "type": "image",
                "media": "feed-0.jpg",
                "caption": f"post {self._queued}",
            }
            here = self._running.here
            report = import_fields(here.database, here.settings, fields, base=self._media)
            if report.problems:
                raise SystemExit(str(report.problems[0]))
        self._settle()

    def _pass_time(self, step: timedelta) -> None:
        self._lapse.jump(step)
        self._running.simulator("advance", {"seconds": 0})
        self._settle()

    def _settle(self) -> None:
        """Wait until nothing is due any more."""
        for _ in range(int(_QUIET_WITHIN_S / _LOOK_EVERY_S)):
            threading.Event().wait(_LOOK_EVERY_S)
            with self._running.here.database.transaction() as tx:
                if not tx.scalar(_OWED):
                    return
        with self._running.here.database.transaction() as tx:
            left = [dict(row._mapping) for row in tx.execute(_LEFT)]
        raise SystemExit(f"something is owed and nobody does it: {left}")

    def _first_end(self) -> datetime:
        with self._running.here.database.transaction() as tx:
            end: datetime = tx.execute(_ENDS).scalar_one()
        return end


if __name__ == "__main__":
    main()
