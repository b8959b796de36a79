"""The keeper: one small process per home and kind of server; parent of the server, gone when its last user is.

It starts the server, restarts it when it dies, and stops it when nobody holds the users' lock any more. It lives in a
session of its own, so that neither the Ctrl-C nor the kill -9 of a user reaches it; if it is killed itself, the server
shuts down with it (Linux) and any user starts a new keeper.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pressrun.embedded import state
from pressrun.embedded.home import Home
from pressrun.embedded.leftovers import claim_data, record_pid
from pressrun.embedded.locks import lock_within, try_lock
from pressrun.embedded.logs import open_log, size, tail
from pressrun.embedded.paths import Kind, Paths
from pressrun.embedded.place import find_place, leave_sockets
from pressrun.embedded.postgres import Postgres
from pressrun.embedded.programs import start
from pressrun.embedded.valkey import Valkey
from pressrun.errors import PressrunError

_LOOK_FOR_USERS_S = 0.5
_LOOK_FOR_READY_S = 0.02
_SETTLED_S = 5.0
_DELAYS_S = (0.0, 0.2, 0.5, 1.0, 2.0)

log = logging.getLogger("keeper")


class Server(Protocol):
    """What the keeper asks of a kind of server."""

    name: str
    stop_signal: signal.Signals
    stop_patience_s: float
    data: Path

    @property
    def url(self) -> str: ...
    def prepare(self, log: int, log_path: Path, held: int) -> None: ...
    def argv(self) -> list[str]: ...
    def is_ready(self, pid: int) -> bool: ...
    def clear_stale(self) -> None: ...
    def mend(self, log_tail: str) -> bool: ...


class Keeper:
    """Runs one server until nobody uses it. Everything happens in the main thread: the server is tethered to it."""

    def __init__(self, home: Home, kind: Kind, *, durable: bool) -> None:
        self._home = home
        self._kind = kind
        self._paths = Paths(home, kind)
        self._place = find_place(home, kind.value)
        make: Callable[..., Server] = Postgres if kind is Kind.POSTGRES else Valkey
        self._server = make(self._place, durable=durable)
        self._unused = False
        self._wake = _wake_on_signals()
        self._log_start = 0

    def run(self) -> None:
        """Keep the server. Raises PressrunError when it dies again and again."""
        failures = 0
        while True:
            process = self._start()
            started = time.monotonic()
            try:
                was_ready = self._attend(process)
            finally:
                self._stop(process)
            if not self._unused:
                settled = was_ready and time.monotonic() - started > _SETTLED_S
                failures = self._recover(process, 0 if settled else failures + 1)
                self._pause(_DELAYS_S[failures])
            if self._unused:
                leave_sockets(self._home, self._kind.value)
                return

    def _start(self) -> subprocess.Popen[bytes]:
        held = claim_data(self._paths.server_lock, self._server.data, self._server.stop_signal)
        output = open_log(self._paths.log)
        try:
            self._server.prepare(output, self._paths.log, held)
            self._server.clear_stale()
            self._log_start = size(self._paths.log)
            process = start(
                self._server.argv(), end=self._server.stop_signal, user=self._place.user, log=output, held=[held]
            )
            record_pid(held, process.pid)
        finally:
            os.close(output)
            os.close(held)  # from here on only the server and its children hold the lock
        return process

    def _attend(self, process: subprocess.Popen[bytes]) -> bool:
        """Until the server ends or has no user left; whether it has been ready."""
        ready = False
        while process.poll() is None and not self._unused:
            if not ready and self._server.is_ready(process.pid):
                ready = True
                state.write(self._paths.state, state.State(self._server.url, process.pid, os.getpid()))
                log.info("%s is ready, pid %d: %s", self._server.name, process.pid, self._server.argv()[0])
            self._wait(_LOOK_FOR_USERS_S if ready else _LOOK_FOR_READY_S)
        return ready

    def _wait(self, seconds: float) -> None:
        """Wait, shorter when a signal comes, and see whether there still are users."""
        readable, _, _ = select.select([self._wake], [], [], seconds)
        if readable:
            os.read(self._wake, 512)
        # Never given back: who comes now waits until this keeper and its server are gone, then starts a new one.
        self._unused = self._unused or try_lock(self._paths.users_lock) is not None

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._unused and (left := end - time.monotonic()) > 0:
            self._wait(min(left, _LOOK_FOR_USERS_S))

    def _recover(self, process: subprocess.Popen[bytes], failures: int) -> int:
        """Prepare the next try after that many failures in a row; returns how many still count."""
        log.warning("%s ended with %s", self._server.name, process.returncode)
        self._paths.state.unlink(missing_ok=True)  # users wait for the new server instead of trying the old address
        text = tail(self._paths.log, self._log_start)
        if failures and self._server.mend(text):
            log.warning("%s could not read its file and starts with an empty one", self._server.name)
            return 0
        if failures >= len(_DELAYS_S):
            raise PressrunError(f"{self._server.name} does not start. The end of {self._paths.log}:\n{text}")
        return failures

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        for number, patience in (
            (self._server.stop_signal, self._server.stop_patience_s), (signal.SIGQUIT, 10.0), (signal.SIGKILL, None),
        ):  # fmt: skip
            process.send_signal(number)  # does nothing if it has ended
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
                return


def main(arguments: Sequence[str] | None = None) -> int:
    """Keep one server. The caller may pass on the keeper's lock as an open descriptor."""
    parser = argparse.ArgumentParser(prog="python -m pressrun.embedded.keeper", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--kind", type=Kind, required=True)
    parser.add_argument("--lock", type=int, help="descriptor that holds the keeper's lock")
    parser.add_argument("--not-durable", action="store_true", help="trade safety for speed: for tests only")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    paths = Paths(Home(options.home), options.kind)
    if options.lock is None and lock_within(paths.keeper_lock, 5.0) is None:
        log.error("another keeper is there")
        return 1
    if options.lock is not None:
        os.set_inheritable(options.lock, False)
        _leave_parent()
    return _keep(paths, durable=not options.not_durable)


def _wake_on_signals() -> int:
    """A pipe that becomes readable with each signal, so that `select` notices a dead child at once."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    # A polite signal does not end the keeper: when a service manager sends one to every process, the users still
    # need their server for an orderly end. Handlers and not SIG_IGN, which the server would inherit.
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the mask of the thread that started us
    return reader


def _leave_parent() -> None:
    # The user who starts a keeper may live on for days: as its child the keeper would end as a zombie.
    if os.fork():
        os._exit(0)


def _keep(paths: Paths, *, durable: bool) -> int:
    try:
        Keeper(paths.home, paths.kind, durable=durable).run()
    except Exception as problem:
        log.exception("given up")
        text = str(problem) if isinstance(problem, PressrunError) else f"the keeper failed: {problem!r}"
        state.write(paths.state, state.State("", 0, os.getpid(), error=text))
        return 1
    paths.state.unlink(missing_ok=True)
    log.info("nobody uses it any more: stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
