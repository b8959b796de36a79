"""A home of its own for each test, and the check that no server process outlives the test."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from pressrun.embedded import state
from pressrun.embedded.paths import Kind
from tests.support.homes import give_cluster
from tests.support.processes import words_of
from tests.support.servers import reachable_folder
from tests.support.waiting import until

KEEPER = "pressrun.embedded.keeper"


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that does not exist yet and that every user can reach. Fails the test if a process stays behind."""
    with reachable_folder() as folder:
        path = folder / "home"
        yield path
        try:
            until(lambda: not servers_of(path), what=lambda: f"processes stay behind: {servers_of(path)}")
        finally:
            for process in servers_of(path):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            if (path / "servers").is_symlink():
                shutil.rmtree((path / "servers").readlink())


@pytest.fixture
def cluster(home: Path) -> None:
    """For tests of what happens after its making: the home has a cluster already, and no server has run in it."""
    give_cluster(home)


@pytest.fixture
def migrated_cluster(home: Path) -> None:
    """The same with all tables, for tests of what happens after an upgrade."""
    give_cluster(home, migrated=True)


def servers_of(home: Path, kind: Kind | None = None) -> list[psutil.Process]:
    """Every keeper, server and backend of this home that runs and that we may look at."""
    root = (home / "servers").readlink() if (home / "servers").is_symlink() else home
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            is_keeper = KEEPER in command and any(str(home) in each for each in command)
            if (is_keeper or Path(process.cwd()).is_relative_to(root)) and (
                kind is None or kind in f"{command} {process.cwd()}"
            ):
                found.append(process)
    return found


def parts_of(home: Path, title: str) -> list[psutil.Process]:
    """Those of this home's processes that have `title` in their command line."""
    return [each for each in servers_of(home) if title in " ".join(words_of(each))]


def state_of(home: Path, kind: Kind = Kind.POSTGRES) -> state.State:
    """What the keeper says once the server is ready."""
    return until(lambda: state.read(home / f"run/{kind}.json"), what="no server is ready")


def query(url: str, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text)
        return cursor.fetchall() if cursor.description else []


def answers_again(url: str) -> bool:
    try:
        return query(url, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False
