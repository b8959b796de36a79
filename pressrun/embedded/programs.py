"""Starts one program under a tether, with an environment that holds no secret of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pressrun.embedded import tether
from pressrun.embedded.runas import RunAs

_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def bare_environment() -> dict[str, str]:
    """What a server needs of our environment; PG* would change its settings, PRESSRUN_* hold secrets."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"LC_ALL": "C", "TZ": "UTC"}


def tethered(argv: Sequence[str], *, end: signal.Signals, user: RunAs | None = None) -> list[str]:
    """`argv` as a command that gets the signal `end` when the calling thread ends."""
    who = "-" if user is None else f"{user.uid}:{user.gid}"
    tether_file = str(Path(tether.__file__))
    # -I -S: the bare interpreter, quick to start and deaf to PYTHON* variables.
    return [sys.executable, "-I", "-S", tether_file, str(int(end)), str(os.getpid()), who, "--", *argv]


def start(
    argv: Sequence[str], *, end: signal.Signals, user: RunAs | None, log: int, held: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a server program that logs to `log` and keeps the locks `held` open as long as it or a child lives."""
    return subprocess.Popen(
        tethered(argv, end=end, user=user), cwd="/", env=bare_environment(), stdin=subprocess.DEVNULL, stdout=log,
        stderr=log, pass_fds=held, start_new_session=True,
    )  # fmt: skip
