"""kill -9 of anything: the server, a part of it, its keeper, a user, all of them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from pressrun.embedded import state
from pressrun.embedded.paths import Kind
from pressrun.embedded.servers import borrow_postgres, borrow_redis, redis_py_url, wait_stopped
from pressrun.errors import PressrunError
from tests.integration.embedded.conftest import answers_again, parts_of, query, servers_of, state_of
from tests.support.processes import Process, runs, start_module
from tests.support.waiting import until

linux = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="ties and looks through /proc: Linux only")


def replaced(home: Path, kind: Kind, old: state.State) -> state.State:
    def other() -> state.State | None:
        now = state.read(home / f"run/{kind}.json")
        return now if now is not None and now.keeper_pid != old.keeper_pid else None

    return until(other, what=f"no new keeper of {kind}")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def start_by_hand(command: list[str], user: str) -> Process:
    entry = pwd.getpwnam(user)
    return Process(command, identity={"user": entry.pw_uid, "group": entry.pw_gid} if os.geteuid() == 0 else None)


def pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.mark.usefixtures("cluster")
def test_a_killed_postgres_is_back_at_once_with_its_rows(home: Path) -> None:
    with borrow_postgres(home) as url:
        query(url, "CREATE TABLE kept AS SELECT 7 AS n")
        before = state_of(home)

        kill(before.server_pid)

        until(lambda: answers_again(url), what="Postgres does not come back")
        after = until(lambda: state.read(home / "run/postgres.json"))
        assert after.server_pid != before.server_pid
        assert after.keeper_pid == before.keeper_pid
        assert query(url, "SELECT n FROM kept") == [(7,)]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("title", ["checkpointer", "walwriter", "SELECT"])
def test_a_killed_part_of_postgres_is_survived(home: Path, title: str) -> None:
    with borrow_postgres(home) as url, closing(psycopg.connect(url)) as connection:
        query(url, "CREATE TABLE kept AS SELECT 7 AS n")
        connection.pgconn.send_query(b"SELECT pg_sleep(600)")
        parts = until(lambda: parts_of(home, title))

        parts[0].kill()

        until(lambda: not runs(parts[0]))
        until(lambda: answers_again(url), what="Postgres does not come back")
        assert query(url, "SELECT n FROM kept") == [(7,)]


@pytest.mark.usefixtures("cluster")
def test_a_stop_in_the_middle_of_recovery_takes_no_longer(home: Path) -> None:
    """Postgres' own restart after a crash hangs when it is told to stop: it must be off."""
    with borrow_postgres(home) as url:
        query(url, "CREATE TABLE kept AS SELECT generate_series(1, 20000) AS n")
        [part] = until(lambda: parts_of(home, "walwriter"))
        part.kill()

    assert wait_stopped(home, timeout_s=20)


def test_a_killed_broker_is_back_at_once_with_its_messages(home: Path) -> None:
    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        client.rpush("queue", *[f"hint {n}" for n in range(1000)])

        kill(state_of(home, Kind.VALKEY).server_pid)

        until(lambda: pings(client), what="the broker does not come back")
        assert client.llen("queue") == 1000


@pytest.mark.usefixtures("cluster")
@linux
def test_a_killed_keeper_is_replaced_under_the_same_address(home: Path) -> None:
    with borrow_postgres(home) as url, borrow_redis(home) as redis_url:
        query(url, "CREATE TABLE kept AS SELECT 7 AS n")
        before = {kind: state_of(home, kind) for kind in Kind}

        for each in before.values():
            kill(each.keeper_pid)

        for kind, old in before.items():
            assert replaced(home, kind, old).url == old.url
        until(lambda: answers_again(url))
        assert query(url, "SELECT n FROM kept") == [(7,)]
        with redis.Redis.from_url(redis_py_url(redis_url)) as client:
            assert client.ping()


@pytest.mark.usefixtures("cluster")
def test_polite_signals_to_every_process_do_not_take_the_server_from_its_users(home: Path) -> None:
    """As a service manager sends them: the users still need their server for an orderly end."""
    with borrow_postgres(home) as url, psycopg.connect(url, autocommit=True) as connection:
        keeper = state_of(home).keeper_pid
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(keeper, number)

        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert runs(keeper)
    assert wait_stopped(home)


@pytest.mark.usefixtures("cluster")
@linux
def test_a_server_does_not_outlive_a_killed_keeper(home: Path) -> None:
    with start_module("tests.support.borrower", str(home), "postgres") as user:
        user.line("^URL")
        user.send(signal.SIGSTOP)  # a user that cannot start a new keeper
        try:
            kill(state_of(home).keeper_pid)
            until(lambda: not servers_of(home), what=lambda: f"still there: {servers_of(home)}")
        finally:
            user.send(signal.SIGCONT)
        assert "received fast shutdown request" in (home / "logs/postgres.log").read_text()


@pytest.mark.usefixtures("cluster")
def test_after_a_kill_of_everything_the_next_start_recovers(home: Path) -> None:
    with start_module("tests.support.borrower", str(home), "postgres") as user:
        url = user.line("^URL (.*)")
        query(url, "CREATE TABLE kept AS SELECT 7 AS n")

        for process in [psutil.Process(user.pid), *servers_of(home)]:
            process.suspend()  # so that none of them notices the others' end
        for process in [psutil.Process(user.pid), *servers_of(home)]:
            process.kill()
        until(lambda: not servers_of(home))
    assert (home / "postgres/pg18/postmaster.pid").exists()
    assert (home / "run/postgres.json").exists()

    with borrow_postgres(home) as again:
        assert again == url
        assert query(again, "SELECT n FROM kept") == [(7,)]


@pytest.mark.usefixtures("cluster")
@linux
def test_a_stale_pid_that_now_belongs_to_another_process_does_not_stop_the_start(home: Path) -> None:
    with borrow_postgres(home):
        content = (home / "postgres/pg18/postmaster.pid").read_text()
    assert wait_stopped(home)
    stale = home / "postgres/pg18/postmaster.pid"
    stale.write_text(content.replace(content.splitlines()[0], str(os.getppid()), 1))
    shutil.chown(stale, (home / "postgres/pg18").stat().st_uid)

    with borrow_postgres(home) as url:
        assert query(url, "SELECT 1") == [(1,)]


@pytest.mark.usefixtures("cluster")
def test_a_server_that_someone_runs_by_hand_is_left_alone(home: Path) -> None:
    """Its data folder must never get a second server, even though it holds no lock of ours."""
    with borrow_postgres(home):
        process = psutil.Process(state_of(home).server_pid)
        command, user = process.cmdline(), process.username()
    assert wait_stopped(home)
    pid_file = home / "postgres/pg18/postmaster.pid"
    with start_by_hand(command, user) as by_hand:
        until(lambda: pid_file.exists() and "ready" in pid_file.read_text(), what=lambda: by_hand.output)

        with pytest.raises(PressrunError, match=r"postmaster\.pid.* already exists"), borrow_postgres(home):
            pass

        assert by_hand.returncode is None
        by_hand.send(signal.SIGINT)
        assert by_hand.wait() == 0


@pytest.mark.usefixtures("cluster")
@linux
def test_a_busy_backend_of_a_killed_postmaster_does_not_delay_the_restart_for_long(home: Path) -> None:
    # closing(), because leaving a connection's own block would commit, which the busy one cannot.
    with borrow_postgres(home) as url, closing(psycopg.connect(url)) as connection:
        backend = connection.info.backend_pid
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
        until(lambda: psutil.Process(backend).cpu_times().user > 0.1)

        kill(state_of(home).server_pid)

        until(lambda: answers_again(url), what="Postgres does not come back")
        assert not runs(backend)


def test_an_initdb_that_was_killed_half_way_is_begun_anew(home: Path) -> None:
    with start_module("tests.support.borrower", str(home), "postgres") as user:
        until(lambda: list(home.glob("postgres/new-*/base")), what=lambda: user.output)
        user.send(signal.SIGSTOP)
        for process in servers_of(home):
            with contextlib.suppress(psutil.NoSuchProcess):  # a child of initdb that has ended meanwhile
                process.kill()
        user.kill()
    assert not (home / "postgres/pg18").exists()

    with borrow_postgres(home) as url:
        assert query(url, "SELECT 1") == [(1,)]
    assert not list(home.glob("postgres/new-*"))
