"""What a user without special powers meets: root reads and writes whatever its modes say, and CI often is root."""

from __future__ import annotations

import ctypes
import os
import pickle
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PR_SET_SECUREBITS, _NO_ROOT = 28, 1
_CAPABILITY_VERSION_3 = 0x20080522


def without_powers(work: Callable[[], T]) -> T:
    """What the work returns in a forked process that obeys modes, as do the programs that it starts."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _drop()
            with open(writing, "wb") as answer:
                pickle.dump(work(), answer)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    assert said, "it came to no end"
    found: T = pickle.loads(said)  # noqa: S301 - our own
    return found


def _drop() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0:
        return
    assert libc.prctl(_PR_SET_SECUREBITS, _NO_ROOT, 0, 0, 0) == 0
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    assert libc.capset(head, (ctypes.c_uint32 * 6)()) == 0
