"""Private servers for tests: a real Postgres and a real Redis-compatible broker, and databases cloned in them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg
from psycopg import sql

from models.store.session import Database
from pressrun.embedded.locks import lock
from pressrun.embedded.servers import borrow_postgres, borrow_redis, wait_stopped
from tests.support.turns import HOME
from tests.support.waiting import until

_STRATEGIES_SINCE = 150_000
_ROOM_BYTES = 4 * 2**30
"""What a session may write at the most: its databases, and a gigabyte of write-ahead log."""


@dataclass(frozen=True)
class Servers:
    """Addresses of running servers, as PRESSRUN_DATABASE_URL and PRESSRUN_REDIS_URL take them."""

    home: Path
    database_url: str
    redis_url: str


def quick_folder() -> str:
    """Where the servers of a session live: in memory, where there is plenty of it.

    Every test writes a database of its own, 11 MB; on a disk that is half of the time of the suite.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_BYTES:
        return str(memory)
    return "/tmp"


@contextmanager
def reachable_folder(prefix: str = "pressrun-test-") -> Iterator[Path]:
    """A folder that is gone afterwards. Unlike pytest's `tmp_path` under root, other users may pass through it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def private_servers(home: Path | None = None, *, database_url: str | None = None) -> Iterator[Servers]:
    """Servers for a test session, fast instead of durable; with `database_url`, that Postgres instead of our own.

    Without a home they get one of their own, which is gone afterwards. Several processes (pytest-xdist) that name the
    same home share its servers; the last one stops them.
    """
    if home is None:
        with reachable_folder() as folder, private_servers(folder / "home", database_url=database_url) as servers:
            yield servers
        return
    postgres = borrow_postgres(home, durable=False) if database_url is None else nullcontext(database_url)
    with postgres as url, borrow_redis(home, durable=False) as redis_url:
        _leave_statistics_alone(url)
        yield Servers(home, url, redis_url)
    wait_stopped(home)


@contextmanager
def private_redis() -> Iterator[str]:
    """The URL of a broker alone, gone afterwards: for what must not happen to the one that tests share."""
    with reachable_folder() as folder:
        with borrow_redis(folder / "home", durable=False) as url:
            yield url
        wait_stopped(folder / "home")


def _leave_statistics_alone(url: str) -> None:
    """No autovacuum: it would visit databases that live for a minute, and change plans in the middle of a test."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")


def made_once(admin_url: str, what: str, make: Callable[[str], None]) -> str:
    """The name of a database to be cloned, made by the first worker of the session that asks for it.

    `make` creates it under the name that it is given, and leaves nobody connected.
    """
    home = Path(os.environ[HOME])
    name = f"{what}_{home.name.rpartition('-')[2]}"
    done = home / f"{name}.made"
    held = lock(home / f"{name}.lock")
    try:
        if not done.exists():
            drop_database(admin_url, name)
            make(name)
            done.touch()
    finally:
        os.close(held)
    return name


def named(database_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    parts = urlsplit(database_url)
    return f"{parts.scheme}://{parts.netloc}/{name}?{parts.query}".rstrip("?")  # `urlunsplit` needs a host or user


def url_of(database: Database) -> str:
    """An address of the same database."""
    return "postgresql:///?" + urlencode(database.server)


def create_database(admin_url: str, name: str) -> str:
    """A new empty database; returns its URL."""
    _administer(admin_url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return named(admin_url, name)


def clone_database(admin_url: str, template: str, name: str) -> str:
    """A new database with all that `template` holds; returns its URL. Waits until nobody is connected to `template`."""
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    quicker = command + sql.SQL(" STRATEGY FILE_COPY")  # not through the log; 14 knows no other way

    def cloned() -> bool:
        try:
            _administer(admin_url, quicker, command)
        except psycopg.errors.ObjectInUse:
            return False
        return True

    until(cloned, what=f"somebody stays connected to {template}")
    return named(admin_url, name)


def drop_database(admin_url: str, name: str) -> None:
    """Drop a database, throwing out whoever is connected."""
    _administer(admin_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(admin_url: str, command: sql.Composed, before_15: sql.Composed | None = None) -> None:
    # From the maintenance database, so that `admin_url` itself may be the template.
    with psycopg.connect(named(admin_url, "postgres"), autocommit=True) as connection:
        is_old = connection.info.server_version < _STRATEGIES_SINCE
        connection.execute(before_15 if before_15 is not None and is_old else command)
