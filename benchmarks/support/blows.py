"""What the torture run does to a system: SIGKILL to its processes and servers, Redis flushed, backends terminated."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psutil
import redis
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from benchmarks.support.rig import Rig
from pressrun.embedded.servers import redis_py_url

_BACK_WITHIN_S = 180.0
_MISSED_WITHIN_S = 15.0
_PREPARES = "worker-prepare"
_HELD = text("SELECT count(*) FROM posts WHERE holder IS NOT NULL AND leased_until > now()")
_LEFT = text("SELECT count(*) FROM post_events WHERE reason = 'worker.gone'")
_COPIES = "-2"


class Blows:
    """What is done to the system, and how often."""

    def __init__(self, running: Rig, chance: random.Random, *, workers_only: bool = False) -> None:
        self._running, self._chance = running, chance
        self._mark = "worker" if workers_only else ""
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
        if workers_only:
            del self._kinds[1:]

    def strike_each(self) -> None:
        """One process of each kind dies, and is back before the next one does; raises SystemExit if one is not."""
        for name in self._services():
            if not name.endswith(_COPIES):
                self._kill_and_await(name, partial(self._pid_of_service, name))
        if self._mark:
            return
        if forks := self._running.forks:
            self._kill_and_await("forks", lambda: forks.pid)
        for kind in ("valkey", "postgres"):
            for which in ("server_pid", "keeper_pid"):
                name = f"{kind} {'keeper ' if which == 'keeper_pid' else ''}".rstrip()
                self._kill_and_await(name, partial(self._pid, kind, which))
        for blow in (self._flush_redis, self._terminate_backends):
            self.survived[_repeated(blow)] += 1

    def strike_holder(self) -> None:
        """The worker that prepares dies while posts are held, until one that it held was given to another.

        Raises SystemExit if none is.
        """
        deadline = time.monotonic() + _BACK_WITHIN_S
        while time.monotonic() < deadline:
            if not self._count(_HELD):
                threading.Event().wait(0.005)
                continue
            self._kill_and_await(_PREPARES, partial(self._pid_of_service, _PREPARES))
            missed = time.monotonic() + _MISSED_WITHIN_S
            while time.monotonic() < missed:
                if self._count(_LEFT):
                    return
                threading.Event().wait(0.1)
        raise SystemExit(f"no post was taken over from {_PREPARES}, which died while posts were held")

    def _count(self, query: TextClause) -> int:
        with self._running.here.database.transaction() as tx:
            return int(tx.execute(query).scalar_one())

    def _await_workers(self) -> None:
        """The next one dies when all are there again: on a slow machine there would soon be none."""
        query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pressrun worker % presence'")
        deadline = time.monotonic() + _BACK_WITHIN_S
        while time.monotonic() < deadline:
            if self._count(query) == len(self._services()):
                return
            threading.Event().wait(0.1)
        raise SystemExit(f"the workers are not all back within {_BACK_WITHIN_S:g} s")

    def _kill_and_await(self, name: str, pid: Callable[[], int]) -> None:
        old: int | None = None
        deadline = time.monotonic() + _BACK_WITHIN_S
        while time.monotonic() < deadline:
            # It may be down as it is: whoever starts while a server is being restarted ends, and is started again.
            with suppress(OSError, ValueError, KeyError, psutil.Error):
                if old is None:
                    victim = pid()
                    psutil.Process(victim).kill()
                    old = victim
                if pid() != old:
                    self.survived[f"{name} killed"] += 1
                    return
            threading.Event().wait(0.05)
        raise SystemExit(f"{name} did not come back within {_BACK_WITHIN_S:g} s")

    def strike(self) -> None:
        if self._mark:
            self._await_workers()
        weights = [weight for weight, _ in self._kinds]
        blow = self._chance.choices([kind for _, kind in self._kinds], weights)[0]
        # A victim that is down already has been struck before, or what it is forked from; the next blow comes soon.
        with suppress(psutil.Error, OSError, ValueError, LookupError, redis.RedisError, DBAPIError):
            self.survived[blow()] += 1

    def _kill_service(self) -> str:
        name = self._chance.choice(self._services())
        psutil.Process(self._pid_of_service(name)).kill()
        return f"{name.removesuffix(_COPIES)} killed"

    def _services(self) -> list[str]:
        return sorted(name for name in self._running.supervisor.pids() if self._mark in name)

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
