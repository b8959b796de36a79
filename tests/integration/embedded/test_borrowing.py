"""A server is there for its first user, shared by all, and gone after the last; what was written stays."""

from __future__ import annotations

import os
import platform
import re
import stat
import subprocess
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import kombu
import psutil
import psycopg
import pytest
import redis
import sqlalchemy

from models.store.session import Database
from pressrun.embedded.locks import try_lock
from pressrun.embedded.paths import Kind
from pressrun.embedded.servers import borrow_postgres, borrow_redis, redis_py_url, wait_stopped
from tests.integration.embedded.conftest import KEEPER, parts_of, query, servers_of, state_of
from tests.support.processes import Process, start_module
from tests.support.waiting import until

BORROWER = "tests.support.borrower"


def start_borrower(home: Path, kind: Kind = Kind.POSTGRES) -> Process:
    return start_module(BORROWER, str(home), kind.value)


@pytest.mark.usefixtures("cluster")
def test_rows_survive_a_stop_and_the_address_stays(home: Path) -> None:
    with borrow_postgres(home) as first, psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    assert wait_stopped(home)
    assert servers_of(home) == []

    with borrow_postgres(home) as second, psycopg.connect(second) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    assert second == first


def test_messages_survive_a_stop(home: Path) -> None:
    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        client.rpush("queue", "hint")
    assert wait_stopped(home)

    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        assert client.lrange("queue", 0, -1) == [b"hint"]


def test_the_servers_are_set_up_for_data_that_matter(home: Path) -> None:
    with borrow_postgres(home) as url, psycopg.connect(url) as connection:
        wanted = {"fsync": "on", "max_connections": "200", "listen_addresses": "", "server_encoding": "UTF8"}
        wanted |= {"TimeZone": "UTC", "data_checksums": "on"}
        is_told_of_errors = sys.platform == "linux" and not re.match(r"[1-4]\.|5\.[0-7]\b", platform.release())
        wanted |= {"recovery_init_sync_method": "syncfs" if is_told_of_errors else "fsync"}
        for name, value in wanted.items():
            assert connection.execute(f"SHOW {name}").fetchone() == (value,), name
        # Whatever somebody sets: an intent that is committed outlives the server.
        connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
        connection.commit()
        with closing(Database(url)) as database, database.glance() as ours:
            assert ours.scalar(sqlalchemy.text("SHOW synchronous_commit")) == "on"
        connection.execute("ALTER ROLE CURRENT_USER RESET synchronous_commit")
    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "port": "0"}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted


@pytest.mark.usefixtures("cluster")
def test_sqlalchemy_and_kombu_understand_the_addresses(home: Path) -> None:
    with borrow_postgres(home) as url:
        engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
        with engine.connect() as connection:
            assert connection.scalar(sqlalchemy.text("SELECT current_database()")) == "pressrun"
        engine.dispose()
    with borrow_redis(home) as url, kombu.Connection(url) as broker:
        queue = broker.SimpleQueue("greetings")
        queue.put("hello")
        message = queue.get(timeout=60)
        message.ack()
        assert message.payload == "hello"
        queue.close()


@pytest.mark.usefixtures("cluster")
def test_settings_of_the_environment_do_not_lead_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "nowhere", "PGUSER": "nobody"}.items():
        monkeypatch.setenv(name, value)

    with borrow_postgres(home) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("pressrun",)


@pytest.mark.usefixtures("cluster")
def test_a_server_never_sees_our_secrets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_APP_SECRET", "hush")

    with borrow_postgres(home) as url, borrow_redis(home):
        # Servers write their titles over what can be read of their environment: Postgres is asked, and of Valkey it is
        # its keeper that is looked at, from whom it has all it knows.
        query(url, "CREATE TABLE said (line text); COPY said FROM PROGRAM 'env'")
        told = [str(line) for (line,) in query(url, "SELECT line FROM said")]
        of_keepers = [psutil.Process(state_of(home, kind).keeper_pid).environ() for kind in Kind]

    for seen in (told, *of_keepers):
        assert any("PATH" in each for each in seen), "it cannot be read"
        assert [each for each in seen if "PRESSRUN_APP_SECRET" in each] == []


def test_only_the_owner_can_read_what_leads_to_the_servers(home: Path) -> None:
    with borrow_postgres(home), borrow_redis(home):
        for name in ("run/postgres", "run/valkey", "postgres", "valkey", "logs", "media"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o700, name
        for name in ("run/postgres.json", "run/valkey.json", "logs/postgres.log"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name


@pytest.mark.usefixtures("cluster")
def test_the_server_stays_until_its_last_user_leaves(home: Path) -> None:
    with start_borrower(home) as first, start_borrower(home) as second:
        url = first.line("^URL (.*)")
        assert second.line("^URL (.*)") == url
        postmaster = state_of(home).server_pid

        first.close_input()
        assert first.wait() == 0
        assert not wait_stopped(home), "the other user is still there"
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert postmaster in {process.pid for process in servers_of(home)}

        second.close_input()
        assert second.wait() == 0
    assert wait_stopped(home)
    assert servers_of(home) == []


@pytest.mark.usefixtures("cluster")
def test_a_killed_user_leaves_no_server_behind(home: Path) -> None:
    with start_borrower(home) as postgres, start_borrower(home, Kind.VALKEY) as valkey:
        postgres.line("^URL")
        valkey.line("^URL")

        postgres.kill()
        valkey.kill()

        until(lambda: not servers_of(home), what=lambda: f"still there: {servers_of(home)}")
    assert "database system is shut down" in (home / "logs/postgres.log").read_text()


def test_five_processes_may_be_the_first_at_once(home: Path) -> None:
    with ExitStack() as stack:
        users = [stack.enter_context(start_borrower(home)) for _ in range(5)]
        urls = {user.line("^URL (.*)") for user in users}
        assert len(urls) == 1
        # What a keeper is about to start has its keeper's words for an instant.
        until(lambda: len(parts_of(home, KEEPER)) == 1)
        for user in users:
            user.close_input()
            assert user.wait() == 0, user.output
    assert wait_stopped(home)
    assert (home / "logs/postgres.log").read_text().count("performing post-bootstrap initialization") == 1


def test_a_child_of_a_user_does_not_hold_the_server(home: Path) -> None:
    with borrow_redis(home):
        child = subprocess.Popen(["/bin/sleep", "600"], close_fds=False)
    try:
        assert wait_stopped(home, timeout_s=10)
    finally:
        child.kill()
        child.wait()


@pytest.mark.usefixtures("cluster")
def test_threads_borrow_and_leave_as_they_like(home: Path) -> None:
    problems: list[BaseException] = []

    def use() -> None:
        try:
            for _ in range(5):
                with borrow_postgres(home, durable=False) as url, psycopg.connect(url) as connection:
                    connection.execute("SELECT 1")
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert problems == []
    assert wait_stopped(home)


def test_a_user_who_comes_while_the_server_stops_gets_a_new_one(home: Path) -> None:
    for _ in range(5):
        with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
            assert client.incr("visits") > 0
        until(lambda: _is_stopping(home) or not servers_of(home), what="the keeper does not stop its server")
    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        assert client.incr("visits") == 6


def _is_stopping(home: Path) -> bool:
    descriptor = try_lock(home / "run/valkey.users", shared=True)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def test_other_redis_addresses_are_passed_through() -> None:
    assert redis_py_url("rediss://user:pw@host:6380/1") == "rediss://user:pw@host:6380/1"
    assert redis_py_url("redis+socket:///a%20b/valkey.sock?virtual_host=0") == "unix:///a%20b/valkey.sock?db=0"


@pytest.mark.parametrize("name", ["a home, with 100% odd 'characters'", "long-" + "x" * 120])
def test_a_home_of_any_name_works(home: Path, name: str) -> None:
    with borrow_postgres(home / name) as database_url, borrow_redis(home / name) as redis_url:
        with psycopg.connect(database_url) as connection:
            connection.execute("SELECT 1")
        with redis.Redis.from_url(redis_py_url(redis_url)) as client, kombu.Connection(redis_url) as broker:
            assert client.ping()
            broker.connect()
        short = (home / name / "run/postgres").readlink()
    assert wait_stopped(home / name)
    assert not short.exists()
