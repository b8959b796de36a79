"""One Postgres cluster in a folder: how it is made, started and found ready."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from pressrun.embedded.binaries import postgres_programs
from pressrun.embedded.leftovers import nobody_works_on
from pressrun.embedded.logs import size, tail
from pressrun.embedded.place import Place
from pressrun.embedded.programs import start
from pressrun.errors import PressrunError

_PORT = 5432
_NAME = "pressrun"

_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The keeper restarts it. Postgres' own restart hangs for ever when told to stop during its recovery (15 to 18.6).
    "restart_after_crash": "off",
    "log_line_prefix": "%m [%p] %d ",
}
# After a crash everything is flushed before anything is read. File by file that is some two thousand waits for the
# disk, more than a minute on a slow one, in which no post goes out.
_FLUSHED_AT_ONCE = {"recovery_init_sync_method": "syncfs"}
_SYNCFS_TELLS_ERRORS_SINCE = (5, 8)
"""Of Linux: before it, what could not be written was only in the kernel's log."""
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """The embedded Postgres of one home."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast shutdown: open transactions are rolled back, then a checkpoint
    stop_patience_s = 60.0

    def __init__(self, place: Place, *, durable: bool) -> None:
        self._place = place
        self._durable = durable
        self._programs = postgres_programs(place.user)
        self.data = place.data / f"pg{self._programs.major}"

    @property
    def url(self) -> str:
        return f"postgresql://{_NAME}@/{_NAME}?host={quote(str(self._place.sockets))}&port={_PORT}"

    def prepare(self, log: int, log_path: Path, held: int) -> None:
        """Make the cluster and its database, unless there is one. Killed half-way, the next call begins anew."""
        for unfinished in self._place.data.glob("new-*"):
            shutil.rmtree(unfinished)
        if self.data.exists():
            return
        others = sorted(path.name for path in self._place.data.glob("pg*"))
        if others:
            raise PressrunError(
                f"{self._place.data} holds {', '.join(others)}, but only PostgreSQL {self._programs.major} can be run "
                "here: use that version again, or move the data with pg_dump and set the old folder aside"
            )
        new = Path(tempfile.mkdtemp(prefix="new-", dir=self._place.data))
        if self._place.user is not None:
            os.chown(new, self._place.user.uid, self._place.user.gid, follow_symlinks=False)
        self._run_to_end(self._initdb(new), log, log_path, held)
        self._run_to_end(self._create_database(new), log, log_path, held)
        new.rename(self.data)

    def argv(self) -> list[str]:
        settings = _SETTINGS | ({} if self._durable else _NOT_DURABLE)
        if _can_flush_at_once():
            settings |= _FLUSHED_AT_ONCE
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [self._program("postgres"), "-D", str(self.data), "-k", str(self._place.sockets), *options]

    def is_ready(self, pid: int) -> bool:
        """Whether the server with that pid takes connections; its pid file says so, as `pg_ctl -w` reads it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def clear_stale(self) -> None:
        """Remove the pid files of a server that was killed.

        Postgres would refuse to start if the pid meanwhile belonged to some other process, as after a reboot, or to
        the killed server as a zombie.
        """
        # A server that someone started by hand holds no lock of ours, and its pid files protect the data.
        if nobody_works_on(self.data):
            for file in (self.data / "postmaster.pid", self._place.sockets / f".s.PGSQL.{_PORT}.lock"):
                file.unlink(missing_ok=True)

    def mend(self, _log_tail: str) -> bool:
        """A database that does not start is for a person to look at."""
        return False

    def _program(self, name: str) -> str:
        return str(self._programs.bin / name)

    def _initdb(self, folder: Path) -> list[str]:
        # The builtin provider sorts the same on every machine; a libc's locale changes with its version.
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        locale = builtin if self._programs.major >= 17 else ["--locale=C.UTF-8"]
        sync = [] if self._durable else ["--no-sync"]
        return [self._program("initdb"), "-D", str(folder), "-U", _NAME, "-A", "trust", "-E", "UTF8", *locale, *sync]

    def _create_database(self, folder: Path) -> list[str]:
        script = f'echo "CREATE DATABASE {_NAME}" | "$0" --single -D "$1" postgres'
        return ["/bin/sh", "-c", script, self._program("postgres"), str(folder)]

    def _run_to_end(self, argv: list[str], log: int, log_path: Path, held: int) -> None:
        before = size(log_path)
        process = start(argv, end=signal.SIGKILL, user=self._place.user, log=log, held=[held])
        if process.wait() != 0 or re.search(r"^.*(FATAL|PANIC|ERROR): ", tail(log_path, before), re.MULTILINE):
            raise PressrunError(f"the PostgreSQL cluster could not be made:\n{tail(log_path, before)}")


def _can_flush_at_once() -> bool:
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return sys.platform == "linux" and version >= _SYNCFS_TELLS_ERRORS_SINCE
