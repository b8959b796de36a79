"""How people reach an embedded Postgres: by psql, by its socket, and by a port that lets one role through."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from cli.commands.upkeep.doctor import examine
from machine.reaching import Way, tcp_way_to, way_to
from machine.runtime import Runtime, runtime
from models.meanings.readers import OWN_READER
from pressrun.embedded.home import KeyLost
from pressrun.embedded.servers import wait_stopped
from pressrun.errors import NotPossible, PressrunError
from pressrun.finding import Result
from pressrun.settings import Settings
from tests.factories.rows import make_account
from tests.support.homes import give_cluster
from tests.support.processes import start_module
from tests.support.servers import reachable_folder
from tests.support.waiting import until


@pytest.fixture(scope="module")
def here() -> Iterator[Runtime]:
    """A home with its own Postgres, and an account in it."""
    with reachable_folder() as folder:
        give_cluster(folder / "home", migrated=True)
        with runtime(Settings(home=folder / "home")) as running:
            with running.database.transaction() as tx:
                make_account(tx, name="harbour-bakery")
            yield running
        wait_stopped(folder / "home")


def _connect(way: Way, **over: str) -> psycopg.Connection:
    return psycopg.connect(make_conninfo(**{**way.parameters, **over}), autocommit=True, connect_timeout=10)


def _asked(here: Runtime, *arguments: str) -> tuple[int, str]:
    env = {"PRESSRUN_HOME": str(here.settings.home)}
    with start_module("cli", "db", *arguments, env=env) as process:
        return process.wait(60), process.output


def test_a_home_whose_key_is_gone_is_not_given_another_one(here: Runtime) -> None:
    key, aside = here.settings.home / "secret.key", here.settings.home / "aside"
    key.rename(aside)
    try:
        with pytest.raises(KeyLost), runtime(Settings(home=here.settings.home)):
            pass
        assert not key.exists()
        [told] = examine(Settings(home=here.settings.home))
    finally:
        aside.rename(key)
    assert (told.check, told.result) == ("secret keys", Result.FAIL)
    assert "put it back from a backup" in told.detail
    with runtime(Settings(home=here.settings.home)) as again:
        assert again.settings.keys() == here.settings.keys()


class TestByPsql:
    def test_the_reader_reads_and_nothing_else(self, here: Runtime) -> None:
        code, said = _asked(here, "psql", "--", "-Atc", "SELECT current_user, name FROM accounts")
        assert (code, said) == (0, f"{OWN_READER}|harbour-bakery")

        code, said = _asked(here, "psql", "--", "-c", "SELECT token_sealed FROM accounts")
        assert code == 1
        assert "permission denied" in said

        code, said = _asked(
            here, "psql", "--owner", "--", "-Atc", "SELECT current_user, count(token_sealed) FROM accounts"
        )
        assert (code, said) == (0, "pressrun|1")

    @pytest.mark.usefixtures("migrated_cluster")
    def test_by_an_embedded_server_that_nobody_else_uses(self, home: Path) -> None:
        with start_module("cli", "db", "psql", env={"PRESSRUN_HOME": str(home)}) as process:
            process.write("SELECT pg_sleep(0.1), 'it is' || ' there';")
            process.line("it is there", 60)
            process.close_input()
            assert process.wait(60) == 0

    def test_an_interrupt_is_psqls_own(self, here: Runtime) -> None:
        """As Ctrl-C in a terminal, which reaches both: psql cancels its query, and the command ends as psql does."""
        asleep = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%')"
        with start_module("cli", "db", "psql", env={"PRESSRUN_HOME": str(here.settings.home)}) as process:
            process.write("SELECT pg_sleep(60);")

            def is_asleep() -> bool:
                with here.database.transaction() as tx:
                    return bool(tx.scalar(text(asleep)))

            until(is_asleep, what=lambda: process.output)
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(60)

        assert code == 3, process.output  # "the session was interrupted", of psql
        assert "canceling statement" in process.output
        assert "Traceback" not in process.output


class TestBySocket:
    def test_the_reader_is_the_default_and_cannot_write(self, here: Runtime) -> None:
        way = way_to(here)

        with _connect(way) as connection:
            assert connection.execute("SELECT current_user, count(*) FROM account_daily").fetchone() == (OWN_READER, 0)
            for act in ("CREATE TABLE x (y int)", "DELETE FROM media", "SET ROLE pressrun", "SELECT * FROM posts"):
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                    connection.execute(act)

    def test_its_owner_on_request(self, here: Runtime) -> None:
        with _connect(way_to(here, owner=True)) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("pressrun",)

    def test_the_address_is_one_that_psql_takes(self, here: Runtime) -> None:
        code, said = _asked(here, "url")

        address = said.splitlines()[0]
        assert code == 0
        assert address.startswith(f"postgresql://{OWN_READER}@/pressrun?")
        with psycopg.connect(address, connect_timeout=10) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (OWN_READER,)


class TestByAPort:
    @pytest.fixture
    def way(self, here: Runtime) -> Iterator[Way]:
        with tcp_way_to(here, way_to(here), port=0) as way:
            yield way

    def test_the_reader_comes_through_with_its_password(self, way: Way) -> None:
        assert way.parameters["host"] == "127.0.0.1"
        with _connect(way) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (OWN_READER,)
            rows = connection.execute("SELECT repeat('x', 100000) FROM generate_series(1, 20)").fetchall()
            assert {len(row[0]) for row in rows} == {100_000}

    def test_the_password_lies_in_a_private_file_for_as_long(self, here: Runtime) -> None:
        with tcp_way_to(here, way_to(here), port=0) as way:
            passfile = Path(way.parameters["passfile"])
            assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
            with psycopg.connect(way.url(with_password=False), connect_timeout=10) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)

        assert not passfile.exists()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            _connect(way)

    @pytest.mark.parametrize(
        ("over", "told"),
        [
            ({"password": "guessed"}, "password"),
            ({"password": ""}, "password|no password supplied"),
            ({"user": "pressrun"}, "only"),
            ({"user": "pressrun", "password": "guessed"}, "password"),
            ({"dbname": "postgres"}, "only"),
        ],
    )
    def test_nobody_else_does(self, way: Way, over: dict[str, str], told: str) -> None:
        if over.get("password") == "":
            over = {**over, "passfile": "/dev/null"}
        with pytest.raises(psycopg.OperationalError, match=told):
            _connect(way, **over)

    def test_a_query_can_be_canceled(self, way: Way) -> None:
        with _connect(way) as connection:
            ended: list[BaseException] = []

            def sleep() -> None:
                try:
                    connection.execute("SELECT pg_sleep(60)")
                except psycopg.errors.QueryCanceled as problem:
                    ended.append(problem)

            running = Thread(target=sleep)
            running.start()

            def canceled() -> bool:
                connection.cancel_safe(timeout=60)
                return not running.is_alive()

            until(canceled, what="the query goes on")
            running.join()
            assert len(ended) == 1

    @pytest.mark.parametrize(
        "said", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x08\0\0", b"\xff" * 64, b"\0\0\0\x08\0\x02\0\0"]
    )
    def test_what_is_no_client_is_let_go_and_the_next_one_comes_through(self, way: Way, said: bytes) -> None:
        address = ("127.0.0.1", int(way.parameters["port"]))
        with socket.create_connection(address, timeout=10) as stranger, suppress(OSError):
            stranger.sendall(said)  # it may be let go before it has said all
            stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(100) == b""

        with _connect(way) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    def test_the_owner_is_not_let_through(self, here: Runtime) -> None:
        with pytest.raises(NotPossible) as refused, tcp_way_to(here, way_to(here, owner=True), port=0):
            pass
        assert refused.value.type == "bridge.owner"

    def test_a_port_that_is_taken_is_told(self, here: Runtime, way: Way) -> None:
        with (
            pytest.raises(PressrunError, match="cannot be had"),
            tcp_way_to(here, way_to(here), port=int(way.parameters["port"])),
        ):
            pass

    def test_a_command_keeps_it_until_it_is_told_to_stop(self, here: Runtime) -> None:
        env = {"PRESSRUN_HOME": str(here.settings.home)}
        with start_module("cli", "db", "url", "--tcp", "--with-password", env=env) as process:
            address = process.line(r"^(postgresql://.*)$", 60)
            with psycopg.connect(address, connect_timeout=10) as connection:
                assert connection.execute("SELECT current_user").fetchone() == (OWN_READER,)
            process.send(signal.SIGINT)
            assert process.wait(60) == 0
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(address, connect_timeout=10)
