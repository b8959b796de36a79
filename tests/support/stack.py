"""`pressrun up` as its users run it, against a simulator, with the means to kill any of its processes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benchmarks.support.rig import call_off_the_past
from models.reading.posts.posts import list_posts
from models.store.session import Database
from operations.accounts.connections import Login, NewAccount, connect, outcome
from operations.operation import OWNER, Context
from pressrun.embedded import state
from pressrun.embedded.home import secret_key
from pressrun.errors import NotPossible
from pressrun.settings import load
from tests.support.homes import give_cluster
from tests.support.processes import Process, environment, words_of
from tests.support.servers import reachable_folder
from tests.support.simulator import Simulator
from tests.support.turns import stack_turn
from tests.support.waiting import until

FINAL = {"published", "failed", "expired", "canceled", "needs_review"}
SERVICES = ("scheduler", "worker-publish", "worker-prepare", "worker-harvest", "worker-media", "console")
SERVERS = ("postgres", "valkey")
QUICK = {
    "PRESSRUN_CALL_DEADLINE": "4s",
    "PRESSRUN_LEASE": "8s",
    "PRESSRUN_SETTLE": "13s",
    "PRESSRUN_SETTLE_GAP": "3s",
    "PRESSRUN_HINT_LEASE": "4s",
}
"""The proportions of the defaults, so that what takes minutes in production takes seconds here."""
_FINAL_POSTS = text("SELECT count(*) FROM posts WHERE state = ANY(:final)")


@dataclass
class Stack:
    """A running `pressrun up` and the commands that go with it."""

    home: Path
    env: dict[str, str]
    up: Process
    simulator: Simulator
    database: Database
    """Its embedded one, looked at from here."""

    @classmethod
    @contextmanager
    def start(
        cls, simulator: Simulator, *, accounts: int, env: Mapping[str, str] | None = None, is_new: bool = False
    ) -> Iterator[Stack]:
        """Accounts `acc0`… of the simulator are connected. `is_new`: the home has no cluster yet, `up` makes it all."""
        with stack_turn(), reachable_folder() as folder:
            home = folder / "home"
            if not is_new:
                give_cluster(home, migrated=True)
            variables = {
                "PRESSRUN_HOME": str(home),
                "PRESSRUN_GRAPH_URL": simulator.url,
                "PRESSRUN_CONSOLE_PORT": "0",
                **(env or {}),
            }
            with Process([sys.executable, "-u", "-m", "cli", "up", "--workers", "1"], env=variables) as up:
                up.line(r"^READY$", 120)
                running = state.read(home / "run" / "postgres.json")
                assert running is not None
                stack = cls(home, variables, up, simulator, Database(running.url))
                try:
                    stack.connect(range(accounts))
                    yield stack
                finally:
                    stack.database.close()
                assert up.terminate(120) == 0, up.output

    def connect(self, indexes: Iterable[int]) -> None:
        """Have a worker connect these accounts of the simulator, as `pressrun account add` does, without their past.

        What is read back of it has tests of its own; here it would be most of what is done.
        """
        told = {name: value for name, value in self.env.items() if "FAILPOINTS" not in name}  # they are not for us
        ctx, asked = Context(self.database, load(told, secret_keys=[secret_key(self.home, is_new=lambda: False)])), []
        for index in indexes:
            login = Login.FACEBOOK if index % 2 == 0 else Login.INSTAGRAM
            new = NewAccount(login, self.simulator.ig_id(index), f"acc{index}", self.simulator.token(index))
            asked.append(connect(ctx, OWNER, new))

        def connected(connection: int) -> bool:
            with suppress(NotPossible):
                return outcome(ctx, OWNER, connection).is_new
            return False

        for connection in asked:
            until(partial(connected, connection), 120, lambda: self.up.output)
        call_off_the_past(self.database)

    def run(self, *arguments: str, text: str = "") -> str:
        """The output of one `pressrun` command; AssertionError if it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=environment(self.env),
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def posts(self) -> list[dict[str, Any]]:
        """As `pressrun post list` shows them."""
        with self.database.transaction() as tx:
            return [post.columns() for post in list_posts(tx)]

    def wait_final(self, count: int, timeout_s: float) -> list[dict[str, Any]]:
        """All posts once each is in a final state."""

        def all_final() -> bool:
            try:
                with self.database.transaction() as tx:
                    return bool(tx.execute(_FINAL_POSTS, {"final": list(FINAL)}).scalar_one() == count)
            except DBAPIError:  # its server was killed, or is coming back
                return False

        until(all_final, timeout_s, self._unsettled)
        return self.posts()

    def pid(self, name: str) -> int:
        """A service, a server (`postgres`, `valkey`) or its keeper (`postgres-keeper`)."""
        kind = name.removesuffix("-keeper")
        if kind in SERVERS:
            state = json.loads((self.home / "run" / f"{kind}.json").read_text())
            return int(state["keeper_pid" if name.endswith("-keeper") else "server_pid"])
        wanted = {"worker-publish": "--queue=publish", "worker-prepare": "--queue=prepare"}
        wanted |= {"worker-harvest": "--queue=harvest", "worker-media": "--queue=media"}
        for child in psutil.Process(self.up.pid).children(recursive=True):
            if wanted.get(name, name) in words_of(child):
                return child.pid
        raise LookupError(name)

    def kill(self, name: str) -> None:
        """SIGKILL, then wait until another process has its place."""
        pid = self.pid(name)
        psutil.Process(pid).kill()
        until(lambda: self._replaced(name, pid), 180, f"{name} did not come back")

    def _unsettled(self) -> str:
        return json.dumps([post for post in self.posts() if post["state"] not in FINAL], default=str)

    def _replaced(self, name: str, old: int) -> bool:
        try:
            return self.pid(name) != old
        except (LookupError, OSError, ValueError, psutil.NoSuchProcess):
            return False


def write_campaign(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """A campaign file with the columns that the rows use."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def judge(stack: Stack, posts: Sequence[Mapping[str, Any]], *, media_each: Mapping[str, int] | None = None) -> None:
    """Every post is out once, with its true media id: the simulator's ledger decides."""
    ledger = stack.simulator.publishes()
    bad = [post for post in posts if post["state"] != "published"]
    assert not bad, json.dumps(bad, indent=1, default=str)
    live = [entry["media_id"] for entry in ledger]
    assert len(live) == len(set(live))
    expected = sum((media_each or {}).get(post["key"], 1) for post in posts)
    assert len(live) == expected, f"{len(live)} live media for {expected} wanted"
    assert {post["media_id"] for post in posts} <= set(live)
    containers = [entry["container_id"] for entry in ledger]
    assert len(containers) == len(set(containers))
