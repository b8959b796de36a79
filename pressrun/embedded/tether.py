"""`python tether.py SIGNAL PARENT UID:GID|- -- COMMAND…`: become COMMAND, tied to the life of the parent.

On Linux the kernel sends SIGNAL to the command when the thread that started it ends, even by kill -9. It is a program
and not a `preexec_fn` because Python code between fork and exec is unsafe in a process with threads. It imports
nothing of Pressrun: a bare interpreter starts in about 10 ms.
"""

import os
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def _prctl() -> Callable[..., int]:
    if os.uname().sysname != "Linux":
        return lambda *_: 0
    import ctypes

    prctl: Callable[..., int] = ctypes.CDLL(None).prctl
    return prctl


def tie(signal_number: int, parent: int, prctl: Callable[..., int] | None = None) -> None:
    """Get the signal when the parent's thread that started this process ends. Leaves with SystemExit if it has."""
    (prctl or _prctl())(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the parent is gone")


def main(arguments: list[str]) -> None:
    signal_number, parent, user, _, *command = arguments
    prctl = _prctl()  # before setuid: that user may not be able to read our Python
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    tie(int(signal_number), int(parent), prctl)  # after setuid, which would clear it again
    try:
        os.execvp(command[0], command)  # noqa: S606 - the caller's own command, no shell
    except OSError as problem:
        raise SystemExit(f"{command[0]}: {problem.strerror}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
