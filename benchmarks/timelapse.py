"""A wall clock that can be pushed ahead, for this process, for all that it starts, and for a Postgres of its own.

Not a clock inside Pressrun: libfaketime is loaded into every process, so schedules, leases, `now()` in SQL and the
simulator are what they are in production and merely find that it is later. Monotonic time is left alone: deadlines and
naps stay real.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from pressrun.embedded.home import prepare_home
from pressrun.embedded.leftovers import claim_data
from pressrun.embedded.logs import open_log, tail
from pressrun.embedded.place import find_place
from pressrun.embedded.postgres import Postgres
from pressrun.embedded.programs import bare_environment, tethered
from tests.support.servers import quick_folder
from tests.support.waiting import until

_FOLDER = "PRESSRUN_TIMELAPSE"
_PACKAGED = "vendor/libfaketime/src/libfaketime.so.1"
_STOP_WITHIN_S = 60.0


@dataclass(frozen=True)
class Timelapse:
    """The clock that this process and its children live by."""

    folder: Path
    """Passable by the servers' user."""

    def jump(self, step: timedelta) -> None:
        """It is later, for all of them at once. Nothing should be under way: it would find itself late."""
        offset_s = float(self._offset.read_text()) + step.total_seconds()
        new = self._offset.with_suffix(".new")
        new.write_text(f"+{offset_s:.3f}\n")
        new.chmod(0o644)
        new.replace(self._offset)  # read by every process at every look at the clock: never half-written

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self.folder / "libfaketime.so.1"),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # With it, each timed wait for Python's interpreter lock would end at once: threads would spin.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    @property
    def _offset(self) -> Path:
        return self.folder / "offset"


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
        faked = ["/usr/bin/env", *(f"{name}={value}" for name, value in lapse.environment.items()), *server.argv()]
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
            yield server.url
        finally:
            process.send_signal(server.stop_signal)
            process.wait(_STOP_WITHIN_S)
    finally:
        os.close(held)
        os.close(log)


def _start_over(module: str) -> NoReturn:
    library = _library()
    lapse = Timelapse(Path(tempfile.mkdtemp(prefix="pressrun-timelapse-", dir=quick_folder())))
    lapse.folder.chmod(0o711)
    for name, content in (("libfaketime.so.1", library.read_bytes()), ("offset", b"+0\n")):
        (lapse.folder / name).write_bytes(content)
        (lapse.folder / name).chmod(0o755)
    environment = os.environ | lapse.environment | {_FOLDER: str(lapse.folder)}
    os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], environment)  # noqa: S606 - ourselves


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
