"""Files that are cut off, damaged or of another version, and servers that cannot start because of them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import redis

from pressrun.embedded import state
from pressrun.embedded.servers import borrow_postgres, borrow_redis, redis_py_url, wait_stopped
from pressrun.errors import PressrunError
from tests.integration.embedded.conftest import answers_again, query, state_of
from tests.support.waiting import until


def test_a_message_file_cut_off_in_the_middle_of_a_write_is_read_up_to_there(home: Path) -> None:
    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        client.rpush("queue", "first", "second")
        client.rpush("queue", "third")
    assert wait_stopped(home)
    [file] = home.glob("valkey/appendonlydir/*.incr.aof")
    os.truncate(file, file.stat().st_size - 5)

    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        assert client.lrange("queue", 0, -1) == [b"first", b"second"]


@pytest.mark.parametrize("victim", ["*.incr.aof", "*.base.rdb", "*.manifest"])
def test_a_damaged_message_file_is_set_aside_because_postgres_has_the_truth(home: Path, victim: str) -> None:
    for _ in range(2):  # the second time there is something in it
        with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
            client.rpush("queue", *["x" * 100] * 100)
        assert wait_stopped(home)
    [file] = home.glob(f"valkey/appendonlydir/{victim}")
    with file.open("r+b") as damaged:
        damaged.write(b"\x00" * min(file.stat().st_size, 200))

    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        assert client.ping()
    assert len(list(home.glob("valkey/appendonlydir.damaged-*"))) == 1


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_cannot_start_is_reported_with_the_servers_own_words_and_heals(home: Path) -> None:
    with borrow_postgres(home) as url:
        query(url, "CREATE TABLE kept AS SELECT 7 AS n")
    assert wait_stopped(home)
    control = home / "postgres/pg18/global/pg_control"
    control.rename(control.with_name("set-aside"))

    with pytest.raises(PressrunError, match="pg_control"), borrow_postgres(home):
        pass

    control.with_name("set-aside").rename(control)
    with borrow_postgres(home) as url:
        assert query(url, "SELECT n FROM kept") == [(7,)]


@pytest.mark.usefixtures("cluster")
def test_users_get_their_server_back_when_the_cause_of_its_failure_is_gone(home: Path) -> None:
    with borrow_postgres(home) as url:
        control = home / "postgres/pg18/global/pg_control"
        control.rename(control.with_name("set-aside"))
        os.kill(state_of(home).server_pid, signal.SIGKILL)
        until(lambda: (now := state.read(home / "run/postgres.json")) and "pg_control" in now.error)

        control.with_name("set-aside").rename(control)

        until(lambda: answers_again(url), what="nobody starts it again")


def test_a_keeper_that_cannot_be_started_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(PressrunError, match="the keeper of postgres ends at once"), borrow_postgres(home):
        pass


@pytest.mark.usefixtures("cluster")
def test_the_state_of_a_killed_keeper_is_not_believed(home: Path) -> None:
    with borrow_postgres(home):
        old = (home / "run/postgres.json").read_text()
    assert wait_stopped(home)
    (home / "run/postgres.json").write_text(old)

    with borrow_postgres(home) as url:
        assert query(url, "SELECT 1") == [(1,)]


@pytest.mark.usefixtures("cluster")
def test_a_cluster_of_another_version_is_not_replaced_by_an_empty_one(home: Path) -> None:
    with borrow_postgres(home):
        pass
    assert wait_stopped(home)
    (home / "postgres/pg18").rename(home / "postgres/pg17")

    with pytest.raises(PressrunError, match=r"pg17, but only PostgreSQL 18"), borrow_postgres(home):
        pass
