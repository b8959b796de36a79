"""Real processes in tests: start a Python module, read its lines with a deadline, kill it, collect what it said."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil

from tests.support.waiting import LEAST_PATIENCE_S, until

T = TypeVar("T")

REPOSITORY = Path(__file__).parents[2]


class Process:
    """A running command whose output (stdout and stderr as one) is collected line by line.

    As a context manager it ends the command by SIGKILL, and what the command started in its process group.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = REPOSITORY,
        identity: Mapping[str, Any] | None = None,
    ) -> None:
        """`identity` may hold `user`, `group` and `extra_groups` for `subprocess.Popen`."""
        self.argv = list(argv)
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            self.argv, env=environment(env or {}), cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1, start_new_session=True, **(identity or {}),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; -9 after a SIGKILL."""
        return self._process.poll()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def line(self, pattern: str, timeout_s: float = 30.0) -> str:
        """The first line in which the regular expression is found; its first group if it has one.

        Raises AssertionError with the output when the process ends before, or after the timeout.
        """
        found: list[str] = []

        def seen() -> bool:
            ended = not self._reader.is_alive()
            for text in self.lines.copy():
                match = re.search(pattern, text)
                if match:
                    found.append(match[1] if match.re.groups else text)
                    return True
            assert not ended, f"{self.argv} ended with {self.returncode} and never said {pattern!r}:\n{self.output}"
            return False

        until(seen, timeout_s, lambda: f"no line {pattern!r} from {self.argv}:\n{self.output}")
        return found[0]

    def write(self, line: str) -> None:
        """Give it one line on its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close_input(self) -> None:
        """End its standard input: the polite end for helpers that wait for it."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def terminate(self, timeout_s: float = 30.0) -> int:
        """SIGTERM, then its exit code."""
        self.send(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL to this process alone, and wait until it is gone."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait(self, timeout_s: float = LEAST_PATIENCE_S) -> int:
        """Its exit code. Raises AssertionError with the output when it does not end in time."""
        timeout_s = max(timeout_s, LEAST_PATIENCE_S)
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.argv} has not ended after {timeout_s:g} s:\n{self.output}") from None
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait()
        self.close_input()
        # A grandchild in a session of its own may hold the pipe for longer; its reader ends with it.
        self._reader.join(2)
        if not self._reader.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self.lines.append(text.rstrip("\n"))


def start_module(module: str, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> Process:
    """`python -m module arguments…` from the repository, unbuffered."""
    return Process([sys.executable, "-u", "-m", module, *arguments], env=env, **options)


def words_of(process: psutil.Process) -> list[str]:
    """Its command line; none of one that has ended, be it amid the look: processes end whenever they like.

    One that was forked has a title instead, which is one word to the system.
    """
    try:
        return " ".join(process.cmdline()).split()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def seen(processes: Iterable[psutil.Process], look: Callable[[psutil.Process], T]) -> list[T]:
    """What they show to `look`. One that ends amid it shows nothing."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found.append(look(process))
    return found


def runs(process: psutil.Process | int) -> bool:
    """Whether it has not ended; one that ended and that nobody has asked for its code has."""
    try:
        process = psutil.Process(process) if isinstance(process, int) else process
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Our environment without settings of Pressrun, so that a developer's own do not reach the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PRESSRUN_")}
    return kept | dict(extra)


def tell(line: str) -> None:
    """Say a line to the test that started this process.

    In one write and on a line of its own: a log line of another thread may just be waiting for its end.
    """
    sys.stdout.write(f"\n{line}\n")
    sys.stdout.flush()
