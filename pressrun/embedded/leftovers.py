"""Makes sure that no process of an earlier server still works on a data folder before the next server starts.

Each server holds a lock that its children inherit, so the lock is free exactly when the last of them is gone: after a
kill -9 of the postmaster its backends may live on for a while, after a kill -9 of the keeper the server needs a moment
to shut down. Process ids alone could not tell, they are reused.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from pathlib import Path

from pressrun.embedded.locks import lock_within
from pressrun.errors import PressrunError

_GRACE_S = 3.0
_STOP_S = 60.0
_NAMES = ("postgres", "valkey-server", "redis-server", "initdb")
_HAS_PROC = os.uname().sysname == "Linux"

log = logging.getLogger(__name__)


def claim_data(lock_file: Path, data: Path, polite: signal.Signals) -> int:
    """The lock of a data folder that nobody uses any more. Raises PressrunError if a process cannot be ended."""
    steps = ((None, _GRACE_S), (polite, _STOP_S), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 10.0))
    for number, patience in steps:
        if number is not None:
            pids = _working_on(data, lock_file)
            log.warning("an earlier server still uses %s: %s to %s", data, number.name, pids)
            for pid in pids:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        descriptor = lock_within(lock_file, patience)
        if descriptor is not None:
            return descriptor
    raise PressrunError(f"an earlier server still uses {data} and cannot be ended")


def record_pid(lock_descriptor: int, pid: int) -> None:
    """Note the server's pid in its lock file: all that tells where there is no /proc."""
    os.ftruncate(lock_descriptor, 0)
    os.pwrite(lock_descriptor, str(pid).encode(), 0)


def nobody_works_on(data: Path) -> bool:
    """Whether it is certain that no server uses the folder; never certain where there is no /proc."""
    return _HAS_PROC and not _working_in(data)


def _working_on(data: Path, lock_file: Path) -> list[int]:
    if not _HAS_PROC:
        with contextlib.suppress(OSError, ValueError):
            return [int(lock_file.read_text())]
        return []
    return _working_in(data)


def _working_in(data: Path) -> list[int]:
    where = os.path.realpath(data)
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_server_in(pid, where)]


def _is_server_in(pid: int, folder: str) -> bool:
    try:
        inside = os.readlink(f"/proc/{pid}/cwd").startswith(folder)
        return inside and Path(f"/proc/{pid}/comm").read_text().strip() in _NAMES
    except OSError:  # it ended, or is another user's and so not ours
        return False
