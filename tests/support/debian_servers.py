"""Servers as people have them: Debian's Postgres with passwords, Redis with TLS and users, PgBouncer in front.

Each is a process of its own on a free port of this machine, in a folder that is gone afterwards.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import redis

from pressrun.embedded.runas import ordinary_user
from tests.support.processes import Process
from tests.support.servers import reachable_folder
from tests.support.tools import require
from tests.support.waiting import until

_READY_WITHIN_S = 30.0
_SLOW_KEYS = 2000
"""At 50 ms each: longer than any test takes."""


@dataclass(frozen=True)
class RedisServer:
    """A Redis that can be turned against its users. `admin` speaks to it past any password."""

    port: int
    admin: Any

    def url(self, *, user: str = "", password: str = "", scheme: str = "redis", query: str = "") -> str:
        credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""
        return f"{scheme}://{credentials}127.0.0.1:{self.port}/0{query}"

    def become_replica(self) -> None:
        """Of a master that does not answer: it takes reads and refuses writes, as after a failover."""
        self.admin.execute_command("REPLICAOF", "127.0.0.1", "1")

    def become_master(self) -> None:
        self.admin.execute_command("REPLICAOF", "NO", "ONE")

    def cannot_save(self) -> None:
        """Its dump fails, as on a full disk: it answers writes with MISCONF. Returns once it has."""
        self._dump.mkdir()
        self.admin.config_set("save", "3600 1000000")  # without a plan of dumps a failed one matters to nobody
        self._save("err")

    def can_save(self) -> None:
        self._dump.rmdir()
        self._save("ok")
        self.admin.config_set("save", "")

    @contextmanager
    def loading(self) -> Iterator[None]:
        """It reads its data as after a restart, and answers nearly everything with LOADING, until the block ends.

        Needs the option `--enable-debug-command local`.
        """
        for number in range(_SLOW_KEYS):
            self.admin.set(f"slow-{number}", "x" * 2048)
        self.admin.config_set("loading-process-events-interval-bytes", "1024")
        self.admin.config_set("key-load-delay", "50000")  # µs a key: it looks up from it between two
        reload = threading.Thread(target=self._reload)
        reload.start()
        try:
            until(lambda: self._info("loading") == 1, _READY_WITHIN_S, "it never began to load")
            yield
            assert self._info("loading") == 1, "it had loaded all before the end"
        finally:
            self.admin.config_set("key-load-delay", "0")
            reload.join()
            until(lambda: self._info("loading") == 0, _READY_WITHIN_S, "it never came to the end of loading")
            self.admin.delete(*(f"slow-{number}" for number in range(_SLOW_KEYS)))

    def _reload(self) -> None:
        with suppress(redis.TimeoutError):
            self.admin.execute_command("DEBUG", "RELOAD")

    @property
    def _dump(self) -> Path:
        return Path(self.admin.config_get("dir")["dir"]) / "dump.rdb"

    def _save(self, result: str) -> None:
        self.admin.bgsave()

        def is_done() -> bool:
            return bool(self._info("rdb_bgsave_in_progress") == 0 and self._info("rdb_last_bgsave_status") == result)

        until(is_done, _READY_WITHIN_S, lambda: self.admin.info("persistence"))

    def _info(self, name: str) -> Any:
        persistence: Any = self.admin.info("persistence")
        return persistence[name]

    def kill_clients(self) -> None:
        self.admin.execute_command("CLIENT", "KILL", "TYPE", "normal")

    def calls(self, command: str) -> int:
        """How often that command was asked for since the start; refused ones count."""
        stats: Any = self.admin.info("commandstats")
        found = stats.get(f"cmdstat_{command}", {})
        return int(found.get("calls", 0)) + int(found.get("rejected_calls", 0))


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """Debian's Redis without persistence. `options` as on its command line; it listens without TLS on a socket too."""
    program = require("redis-server", "redis-server")
    port = free_port()
    listening = () if "--tls-port" in options else ("--port", str(port))
    with reachable_folder() as folder:
        path = folder / "redis.sock"
        argv = [program, *listening, "--unixsocket", str(path), "--dir", str(folder), "--save", "", "--bind",
                "127.0.0.1", *(option.replace("{port}", str(port)) for option in options)]  # fmt: skip
        with Process(argv) as process, redis.Redis(unix_socket_path=str(path)) as admin:
            until(lambda: _pings(admin), _READY_WITHIN_S, lambda: process.output)
            yield RedisServer(port, admin)


@contextmanager
def password_postgres(user: str, password: str) -> Iterator[int]:
    """Debian's Postgres on a port of 127.0.0.1, with one superuser and one password; returns the port."""
    initdb, postgres = require("initdb", "postgresql"), require("postgres", "postgresql")
    port = free_port()
    with _owned_folder() as folder:
        secret = folder / "password"
        secret.write_text(password + "\n")
        shutil.chown(folder / "password", *_owner())
        _run([initdb, "-D", str(folder / "data"), "-U", user, f"--pwfile={secret}", "-A", "scram-sha-256",
              "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])  # fmt: skip
        argv = [postgres, "-D", str(folder / "data"), "-k", str(folder), "-p", str(port), "-c", "fsync=off",
                "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=60"]  # fmt: skip
        with Process(argv, identity=_identity()) as process:
            until(lambda: _listens(port), _READY_WITHIN_S, lambda: process.output)
            told = {"host": "127.0.0.1", "port": port, "user": user, "password": password, "dbname": "postgres"}
            until(lambda: _connects(told), _READY_WITHIN_S, lambda: process.output)
            yield port


@contextmanager
def pgbouncer(database_url: str, *, pool_mode: str, pool_size: int = 4) -> Iterator[str]:
    """PgBouncer in front of that database; returns the URL through it."""
    program = require("pgbouncer", "pgbouncer")
    parts: Any = psycopg.conninfo.conninfo_to_dict(database_url)
    behind = " ".join(f"{name}={parts[name]}" for name in ("host", "port", "dbname", "user") if parts.get(name))
    port = free_port()
    with _owned_folder() as folder:
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\nbehind = {behind}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = any\npool_mode = {pool_mode}\ndefault_pool_size = {pool_size}\n"
            "ignore_startup_parameters = options,extra_float_digits\n"
        )
        with Process([program, str(settings)], identity=_identity()) as process:
            until(lambda: _listens(port), _READY_WITHIN_S, lambda: process.output)
            yield f"postgresql://{parts['user']}@127.0.0.1:{port}/behind"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _owned_folder() -> Iterator[Path]:
    """A folder of the user that the servers run as: Postgres and PgBouncer refuse to be root."""
    with reachable_folder() as folder:
        shutil.chown(folder, *_owner())
        yield folder


def _owner() -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    user = ordinary_user()
    return user.uid, user.gid


def _identity() -> dict[str, Any]:
    uid, gid = _owner()
    return {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False, **_identity())
    assert done.returncode == 0, done.stderr


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _connects(told: dict[str, Any]) -> bool:
    try:
        psycopg.connect(**told).close()
    except psycopg.OperationalError:
        return False
    return True
