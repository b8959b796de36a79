"""flock: who is there. The kernel drops a lock with its last open descriptor, so a kill -9 leaves none behind.

A lock belongs to the open file, not to the process: a child that inherits the descriptor keeps the lock. Descriptors
made here are therefore close-on-exec, and one is handed to a child only on purpose (`pass_fds`). They are given up by
`os.close` alone: an explicit unlock in a forked child would take the lock from its parent too.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path

from pressrun.clock import Deadline

_INTERVAL_S = 0.02


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """A descriptor that holds the lock, or None while others hold it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def lock(path: Path, *, shared: bool = False) -> int:
    """A descriptor that holds the lock; waits for it as long as it takes."""
    descriptor = lock_within(path, None, shared=shared)
    assert descriptor is not None  # noqa: S101 - no deadline, so it returns only with the lock
    return descriptor


def lock_within(path: Path, seconds: float | None, *, shared: bool = False) -> int | None:
    """A descriptor that holds the lock, or None if others held it all that time."""
    found: list[int] = []

    def obtained() -> bool:
        descriptor = try_lock(path, shared=shared)
        if descriptor is not None:
            found.append(descriptor)
        return descriptor is not None

    return found[0] if poll(obtained, seconds) else None


def poll(condition: Callable[[], bool], seconds: float | None) -> bool:
    """Whether the condition came true in time; None waits for ever."""
    deadline = None if seconds is None else Deadline.after(seconds)
    pause = threading.Event()
    while not condition():
        if deadline is not None and deadline.passed:
            return False
        pause.wait(_INTERVAL_S)
    return True
