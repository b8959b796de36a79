"""Borrow an embedded server: it is started for the first user of a home, shared by all, stopped after the last.

A user holds a shared lock as long as it borrows. The kernel drops that lock even on a kill -9, so no server outlives
its users, and none is taken from under a user who is still there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pressrun
from pressrun import log as logs
from pressrun.clock import Deadline
from pressrun.embedded import state
from pressrun.embedded.home import prepare_home
from pressrun.embedded.locks import poll, try_lock
from pressrun.embedded.logs import open_log, size, tail
from pressrun.embedded.paths import Kind, Paths
from pressrun.embedded.programs import bare_environment
from pressrun.embedded.valkey import answers, socket_of
from pressrun.errors import PressrunError, ServerUnreachable

_INTERVAL_S = 0.02
_WATCH_S = 0.5
_REVIVE_AT_MOST_EVERY_S = 30.0
_ANSWER_WITHIN_S = 30.0
_SPAWNS = 3

log = logs.get(__name__)


@contextmanager
def borrow_postgres(home: Path, *, durable: bool = True) -> Iterator[str]:
    """A URL of a running Postgres with the empty or kept database `pressrun`, as psycopg takes it.

    `durable=False` trades safety for speed, for tests; it counts only for the user that starts the server.
    Raises PressrunError with the server's own words when it does not start.
    """
    with _borrow(home, Kind.POSTGRES, durable=durable) as url:
        yield url


@contextmanager
def borrow_redis(home: Path, *, durable: bool = True) -> Iterator[str]:
    """A URL of a running Redis-compatible broker, as Celery takes it; see `redis_py_url`."""
    with _borrow(home, Kind.VALKEY, durable=durable) as url:
        yield url


def redis_py_url(url: str) -> str:
    """The same server as redis-py wants it named: only `redis+socket://` differs."""
    if not url.startswith("redis+socket://"):
        return url
    credentials, at, _ = urlsplit(url).netloc.rpartition("@")
    return f"unix://{credentials}{at}{quote(str(socket_of(url)))}?db=0"


def wait_stopped(home: Path, *, timeout_s: float = 150.0) -> bool:
    """Wait until the servers of this home are down; False if they have other users or take longer."""
    prepared = prepare_home(home)
    deadline = Deadline.after(timeout_s)
    return all(_wait_stopped(Paths(prepared, kind), deadline) for kind in Kind)


class _Borrower:
    """One user's hold on a server: the lock, the first start, and the watch that restarts a killed keeper."""

    def __init__(self, home: Path, kind: Kind, *, durable: bool) -> None:
        self._paths = Paths(prepare_home(home), kind)
        self._durable = durable
        self._left = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name=f"{kind}-watch", daemon=True)
        self._lock: int | None = None

    def enter(self) -> str:
        self._join()
        try:
            url = self._find_answering()
        except BaseException:
            self._release()
            raise
        self._watcher.start()
        return url

    def leave(self) -> None:
        self._left.set()
        self._watcher.join()
        self._release()

    def _join(self) -> None:
        """Take the users' lock; a keeper that is just stopping the server holds it until it is gone."""

        def joined() -> bool:
            self._lock = try_lock(self._paths.users_lock, shared=True)
            return self._lock is not None

        poll(joined, None)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _find_answering(self) -> str:
        """The address, once it takes a connection; a state that a killed keeper left behind is not believed."""
        last: state.State | None = None
        deadline = Deadline.after(_ANSWER_WITHIN_S)
        while True:
            running = self._ensure_running()
            problem = _PROBLEMS[self._paths.kind](running.url)
            if not problem:
                return running.url
            if running != last:
                last, deadline = running, Deadline.after(_ANSWER_WITHIN_S)
            if deadline.passed:
                raise ServerUnreachable(f"the embedded {self._paths.kind} runs but takes no connection: {problem}")
            self._left.wait(_INTERVAL_S)

    def _ensure_running(self) -> state.State:
        """Wait for the keeper's word, starting a keeper whenever there is none."""
        spawned = 0
        before = state.read(self._paths.state)  # may be the word of a keeper that gave up long ago
        patience = _Patience(self._paths.kind)
        while not self._left.is_set():
            keeper_lock = try_lock(self._paths.keeper_lock)
            current = state.read(self._paths.state)
            if keeper_lock is None:
                if current is not None and not current.error:
                    return current
                patience.tell()
                self._left.wait(_INTERVAL_S)
                continue
            try:
                if current is not None and current.error and current != before:
                    raise PressrunError(current.error)
                if spawned == _SPAWNS:
                    raise PressrunError(self._keeper_failed())
                self._spawn_keeper(keeper_lock)
                spawned += 1
            finally:
                os.close(keeper_lock)
        raise PressrunError(f"the wait for {self._paths.kind} was given up")

    def _spawn_keeper(self, keeper_lock: int) -> None:
        """Start a keeper and give it the lock, so that at no moment two could be there or none seems to be."""
        paths = self._paths
        paths.state.unlink(missing_ok=True)
        command = [
            sys.executable, "-P", "-m", "pressrun.embedded.keeper", f"--home={paths.home.path}", f"--kind={paths.kind}",
            f"--lock={keeper_lock}", *([] if self._durable else ["--not-durable"]),
        ]  # fmt: skip
        # The keeper must see the modules that we see, however this interpreter came to see them.
        modules = [str(Path(pressrun.__file__).parents[1]), *filter(None, sys.path)]
        environment = bare_environment() | {"PYTHONPATH": os.pathsep.join(modules)}
        output = open_log(paths.keeper_log)
        self._log_start = size(paths.keeper_log)
        try:
            subprocess.run(
                command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                pass_fds=[keeper_lock], start_new_session=True, check=False,
            )  # fmt: skip
        finally:
            os.close(output)

    def _keeper_failed(self) -> str:
        text = tail(self._paths.keeper_log, self._log_start)
        return f"the keeper of {self._paths.kind} ends at once. The end of {self._paths.keeper_log}:\n{text}"

    def _watch(self) -> None:
        """Start a new keeper soon after one was killed; the server comes back under the same address."""
        pause = _WATCH_S
        while not self._left.wait(pause):
            try:
                self._ensure_running()
                pause = _WATCH_S
            except (PressrunError, OSError) as problem:
                pause = min(pause * 2, _REVIVE_AT_MOST_EVERY_S)
                if not self._left.is_set():
                    log.warning("embedded.not_revived", kind=self._paths.kind, error=str(problem))


class _Patience:
    """Says every now and then that a start takes long: crash recovery may need minutes, and there is no limit."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._next = Deadline.after(10)

    def tell(self) -> None:
        if self._next.passed:
            log.info("embedded.starting", kind=self._kind, hint="recovery after a crash can take minutes")
            self._next = Deadline.after(10)


@contextmanager
def _borrow(home: Path, kind: Kind, *, durable: bool) -> Iterator[str]:
    borrower = _Borrower(home, kind, durable=durable)
    url = borrower.enter()
    try:
        yield url
    finally:
        borrower.leave()


def _problem_of_postgres(url: str) -> str:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as problem:
        return str(problem)
    return ""


def _problem_of_valkey(url: str) -> str:
    return "" if answers(socket_of(url)) else f"no answer at {socket_of(url)}"


_PROBLEMS: dict[Kind, Callable[[str], str]] = {Kind.POSTGRES: _problem_of_postgres, Kind.VALKEY: _problem_of_valkey}


def _wait_stopped(paths: Paths, deadline: Deadline) -> bool:
    def stopped() -> bool:
        return _is_free(paths.keeper_lock)

    def settled() -> bool:
        return stopped() or _has_users(paths)

    # A user is believed only when seen twice: another waiter's look holds the same lock for a moment.
    while poll(settled, max(0.0, deadline.remaining_s())):
        if stopped():
            return True
        threading.Event().wait(_INTERVAL_S)
        if _has_users(paths):
            return False
    return False


def _has_users(paths: Paths) -> bool:
    """Whether somebody shares the users' lock, as opposed to a keeper that holds it alone while it stops."""
    alone = try_lock(paths.users_lock)
    if alone is not None:
        os.close(alone)
        return False
    return _is_free(paths.users_lock, shared=True)


def _is_free(path: Path, *, shared: bool = False) -> bool:
    descriptor = try_lock(path, shared=shared)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None
