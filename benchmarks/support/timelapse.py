"""A wall clock that can be pushed ahead, for this process, for all that it starts, and for a Postgres of its own.

Not a clock inside Pressrun: every Python process begins with `shifted_clock` and Postgres with libfaketime, so
schedules, leases, `now()` in SQL and the simulator are what they are in production and merely find that it is later.
Monotonic time is left alone: deadlines and naps stay real.

libfaketime is not for processes with threads: while one of them looks, others are told the true time, once in ten
thousand looks. And it must follow a file's date, not read an offset out of a file: Postgres looks at the clock in its
handler of SIGALRM, and to open a file there, amid a `malloc`, spoils the heap (seen: a backend aborts, and all end).
"""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import psycopg

from benchmarks.support import shifted_clock
from pressrun.embedded.home import prepare_home
from pressrun.embedded.leftovers import claim_data
from pressrun.embedded.logs import open_log, tail
from pressrun.embedded.place import find_place
from pressrun.embedded.postgres import Postgres
from pressrun.embedded.programs import bare_environment, tethered
from tests.support.servers import quick_folder
from tests.support.waiting import until

_FOLDER = "TIMELAPSE"
_LIBRARY = "libfaketime.so.1"
_PACKAGED = "vendor/libfaketime/src/libfaketime.so.1"
_STOP_WITHIN_S = 60.0
_SECOND_NS = 1_000_000_000
_LOOKS = 20


@dataclass(frozen=True)
class Timelapse:
    """The clock that this process and its children live by."""

    folder: Path
    """Passable by the servers' user."""

    def jump(self, step: timedelta) -> None:
        """It is later by at least `step`, for all of them at once; file dates are followed by the second.

        Nothing should be under way: it would find itself late.
        """
        seconds = math.ceil(step.total_seconds())
        self._date(self._followed.stat().st_mtime_ns + seconds * _SECOND_NS)
        shifted_clock.push(self._shift, shifted_clock.pushed(self._shift) + seconds * _SECOND_NS)

    def agree(self, database_url: str) -> None:
        """Shift Python's clocks by as much as that Postgres' clock is: it counts from the instant of its start."""
        apart: list[tuple[int, int]] = []
        with psycopg.connect(database_url, autocommit=True) as connection:
            for _ in range(_LOOKS):
                before = time.time_ns()
                there = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1e9)::bigint").fetchone()
                after = time.time_ns()
                assert there is not None
                apart.append((after - before, there[0] - (before + after) // 2))
        _, ahead_ns = min(apart)  # of the quickest look
        shifted_clock.push(self._shift, shifted_clock.pushed(self._shift) + ahead_ns)

    def prepare(self) -> None:
        """Put down what the processes begin with."""
        self.folder.chmod(0o711)
        shutil.copyfile(_library(), self.folder / _LIBRARY)
        shutil.copyfile(shifted_clock.__file__, self.folder / "sitecustomize.py")
        (self.folder / _LIBRARY).chmod(0o755)
        self._followed.touch(0o644)
        self._date(time.time_ns() // _SECOND_NS * _SECOND_NS)
        shifted_clock.make(self._shift)

    @property
    def of_python(self) -> dict[str, str]:
        """Environment of a Python process that lives by this clock."""
        path = os.environ.get("PYTHONPATH")
        return {
            _FOLDER: str(self.folder),
            shifted_clock.SHIFT_FILE: str(self._shift),
            "PYTHONPATH": os.pathsep.join([str(self.folder), *([path] if path else [])]),
        }

    @property
    def of_others(self) -> dict[str, str]:
        """Environment of a process without threads that lives by this clock."""
        return {
            "LD_PRELOAD": str(self.folder / _LIBRARY),
            "FAKETIME": "%",
            "FAKETIME_FOLLOW_FILE": str(self._followed),
            "FAKETIME_DONT_RESET": "1",
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def _date(self, mtime_ns: int) -> None:
        os.utime(self._followed, ns=(mtime_ns, mtime_ns))

    @property
    def _followed(self) -> Path:
        return self.folder / "followed"

    @property
    def _shift(self) -> Path:
        return self.folder / "shift"


def enter(module: str) -> Timelapse:
    """Start this program over under a clock of its own; the second time, return the clock.

    The folder is removed by `leave`. Raises SystemExit where libfaketime is not to be had.
    """
    folder = os.environ.get(_FOLDER)
    if folder is None:
        _start_over(module)
    return Timelapse(Path(folder))


def leave(lapse: Timelapse) -> None:
    shutil.rmtree(lapse.folder, ignore_errors=True)


@contextmanager
def postgres(lapse: Timelapse) -> Iterator[str]:
    """The URL of a Postgres that lives by that clock; gone afterwards. Fast instead of durable."""
    home = prepare_home(lapse.folder / "home")
    server = Postgres(find_place(home, "postgres"), durable=False)
    log_path = home.logs / "postgres.log"
    log = open_log(log_path)
    held = claim_data(home.run / "postgres.lock", server.data, server.stop_signal)
    try:
        server.prepare(log, log_path, held)
        user = find_place(home, "postgres").user
        # Loaded by `env`, after the change of user: what root's process has shared, the server's could not open.
        faked = ["/usr/bin/env", *(f"{name}={value}" for name, value in lapse.of_others.items()), *server.argv()]
        process = subprocess.Popen(
            tethered(faked, end=server.stop_signal, user=user),
            cwd="/",
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            until(lambda: server.is_ready(process.pid), 60, lambda: tail(log_path, 0))
            lapse.agree(server.url)
            yield server.url
        finally:
            if process.poll() is not None:
                print(f"Postgres ended by itself:\n{tail(log_path, 0)}", file=sys.stderr)
            process.send_signal(server.stop_signal)
            process.wait(_STOP_WITHIN_S)
    finally:
        os.close(held)
        os.close(log)


def _start_over(module: str) -> NoReturn:
    lapse = Timelapse(Path(tempfile.mkdtemp(prefix="pressrun-timelapse-", dir=quick_folder())))
    lapse.prepare()
    command = [sys.executable, "-m", module, *sys.argv[1:]]
    os.execve(sys.executable, command, os.environ | lapse.of_python)  # noqa: S606 - ourselves


def _library() -> Path:
    """The one of the package `libfaketime`, or Debian's."""
    if sys.platform != "linux":
        raise SystemExit("a timelapse needs libfaketime as it is on Linux")
    found: list[Path] = []
    if (spec := importlib.util.find_spec("libfaketime")) and spec.origin:
        found.append(Path(spec.origin).parent / _PACKAGED)
    found += sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    for path in found:
        # The package holds the library of one kind of processor; the loader only warns about a wrong one.
        probe = subprocess.run(
            ["/bin/true"], env={"LD_PRELOAD": str(path)}, capture_output=True, text=True, check=False
        )
        if path.exists() and not probe.stderr:
            return path
    raise SystemExit("a timelapse needs libfaketime: of the development tools or Debian's faketime")
