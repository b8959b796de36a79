"""Processes of ours that are forked from one which has imported what they need (`forking`), where the system can.

Why: docs/decisions/0032-services-are-forked.md.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from pressrun.embedded import forking
from pressrun.embedded.programs import tethered
from pressrun.settings import without_settings

_ANSWERS_WITHIN_S = 60.0


@contextmanager
def fork_server(modules: Sequence[str]) -> Iterator[ForkServer | None]:
    """One that imports the modules from now on, ended at the end; None where processes cannot be forked so.

    It is tethered to the thread that calls this, and what it forks to it: all end with that thread.
    """
    if not is_possible():
        yield None
        return
    server = ForkServer(modules)
    try:
        yield server
    finally:
        server.close()


class GivenUp(OSError):
    """Nothing is to be started any more."""


class ForkServer:
    """Used from one thread at a time. One that was killed is begun again with the next start."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules
        self._has_answered = self._is_over = False
        self._begin()

    @property
    def pid(self) -> int:
        return self._process.pid

    def can(self, env: Mapping[str, str]) -> bool:
        """Whether it can give a process this environment: but for settings it has been read already."""
        return without_settings(env) == without_settings(os.environ)

    def start(self, function: str, argv: Sequence[str], env: Mapping[str, str], output: int) -> Forked:
        """A process that calls `module:name`.

        Raises OSError where no server can be had that answers, or where it is we who lack something (descriptors, say):
        what it has forked stays then. GivenUp after `give_up`.
        """
        told = json.dumps({"function": function, "argv": list(argv), "env": dict(env)}).encode()
        try:
            return self._ask(told, output)
        except (ConnectionError, TimeoutError):
            if self._is_over:
                raise GivenUp("it is being stopped") from None
            self.close()
            self._begin()
            return self._ask(told, output)

    def give_up(self) -> None:
        """From any thread: whoever waits for the first process, or asks for another, need not wait for it."""
        self._is_over = True
        if not self._has_answered:  # nothing runs that would end with it
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it. What it forked and what still runs ends with it, at once."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _begin(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        argv = [sys.executable, "-P", "-m", forking.__name__, str(theirs.fileno())]
        with theirs:
            # Nobody's settings: each process is given its own.
            self._process = subprocess.Popen(
                tethered(argv, end=signal.SIGKILL), env=without_settings(os.environ), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, start_new_session=True, pass_fds=[theirs.fileno()],
            )  # fmt: skip
        ours.settimeout(_ANSWERS_WITHIN_S)
        ours.send(json.dumps(self._modules).encode())
        self._socket = ours

    def _ask(self, told: bytes, output: int) -> Forked:
        if self._is_over:
            raise GivenUp("it is being stopped")
        hears, tells = os.pipe()
        try:
            socket.send_fds(self._socket, [told], [output, tells])
            answer = self._socket.recv(64)
            if not answer:
                raise ConnectionResetError("the server of forks has ended")
            self._has_answered = True
        except OSError:
            os.close(hears)
            raise
        finally:
            os.close(tells)
        return Forked(int(answer), hears)


class Forked:
    """A process that a fork server has made: of `subprocess.Popen` what a supervisor needs."""

    def __init__(self, pid: int, hears: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._hears = hears
        self._lock = threading.Lock()
        try:
            self._itself: int | None = os.pidfd_open(pid)
        except ProcessLookupError:  # ended, and its number may be another's
            self._itself = None

    def wait(self) -> int:
        """Its code, once it has ended; -9 where it ended with its server. From one thread."""
        with open(self._hears, "rb", buffering=0) as pipe:
            told = pipe.read(forking.CODE.size)
        if not told and self._itself is not None:
            ended = select.poll()
            ended.register(self._itself, select.POLLIN)
            ended.poll()
        with self._lock:
            self.returncode = forking.CODE.unpack(told)[0] if told else -signal.SIGKILL
            if self._itself is not None:
                os.close(self._itself)
                self._itself = None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing if it has ended."""
        with self._lock:
            if self._itself is not None:
                signal.pidfd_send_signal(self._itself, number)


def is_possible() -> bool:
    """On Linux from 5.3, unless a sandbox forbids what it takes."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True
