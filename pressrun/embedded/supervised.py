"""One supervised process: how it is started, when it is due again after a death, what it said when ready."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pressrun import log as logs
from pressrun.embedded.forkserver import ForkServer, GivenUp
from pressrun.embedded.logs import open_log, since, size, tail
from pressrun.embedded.programs import tethered

_QUICK_DEATH_S = 5.0
_FIRST_DELAY_S = 0.25
_LONGEST_DELAY_S = 5.0

log = logs.get(__name__)


@dataclass(frozen=True)
class ProcessSpec:
    """What to run. `env` is the whole environment; `log_path` None leaves the output on the supervisor's own."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log_path: Path | None
    ready_line: str | None = None
    """Text within the line that says the process is ready; needs a `log_path`."""
    stop_order: int = 0
    """Lower ones are stopped first; equal ones together."""
    function: str | None = None
    """`module:name` of what `argv`, a `python -m MODULE …`, comes to: it may be forked instead of started anew."""

    def __post_init__(self) -> None:
        if self.ready_line is not None and self.log_path is None:
            raise ValueError(f"{self.name}: a ready line is looked for in the log, so a log_path is needed")


class Process(Protocol):
    """One that runs or has ended, however it was made."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def wait(self) -> int: ...
    def send_signal(self, number: signal.Signals, /) -> None: ...


class Child:
    """The process of one spec over all its lives. Only the supervisor's thread changes it."""

    def __init__(self, spec: ProcessSpec, forks: ForkServer | None = None) -> None:
        self.spec = spec
        self.process: Process | None = None
        self._forks = forks
        self.deaths = 0
        self.due: float | None = time.monotonic()
        self.said: str | None = None
        self._quick_deaths = 0
        self._started = 0.0
        self._log_start = 0
        self._died_from: int | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.process.pid if self.process is not None and self.process.returncode is None else None

    @property
    def awaits_ready(self) -> bool:
        return self.spec.ready_line is not None and self.said is None and self.pid is not None

    def start(self) -> Process:
        """Start it now, tied to the calling thread or to the server of forks. Raises OSError."""
        self.due, self.said, self._started = None, None, time.monotonic()
        output = None if self.spec.log_path is None else open_log(self.spec.log_path)
        try:
            self._log_start = 0 if self.spec.log_path is None else size(self.spec.log_path)
            self.process = self._forked(output) or self._anew(output)
        finally:
            if output is not None:
                os.close(output)
        return self.process

    def _forked(self, output: int | None) -> Process | None:
        """None where that is not to be had: then it is started anew."""
        spec, forks = self.spec, self._forks
        if forks is None or spec.function is None or output is None or not forks.can(spec.env):
            return None
        try:
            return forks.start(spec.function, spec.argv, spec.env, output)
        except GivenUp:
            raise
        except OSError as problem:
            log.warning("supervisor.not_forked", process=spec.name, error=str(problem))
            return None

    def _anew(self, output: int | None) -> Process:
        # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops in order.
        return subprocess.Popen(
            tethered(self.spec.argv, end=signal.SIGKILL), env=dict(self.spec.env), stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip

    def died(self) -> float:
        """Note a death and return how many seconds later it is due again: at once, unless it keeps dying young."""
        now = time.monotonic()
        self.deaths += 1
        self._died_from = self._log_start
        self._quick_deaths = self._quick_deaths + 1 if now - self._started < _QUICK_DEATH_S else 0
        repeats = self._quick_deaths - 1
        delay = min(_FIRST_DELAY_S * 2 ** (min(repeats, 10) - 1), _LONGEST_DELAY_S) if repeats > 0 else 0.0
        self.due = now + delay
        return delay

    def looks_ready(self) -> bool:
        """Whether the ready line has appeared since this start; `said` then holds it."""
        assert self.spec.log_path is not None and self.spec.ready_line is not None  # noqa: S101, PT018 - see awaits_ready
        *complete, _unfinished = since(self.spec.log_path, self._log_start).split("\n")
        self.said = next((line.strip() for line in complete if self.spec.ready_line in line), None)
        return self.said is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process; SIGKILL also to what it started."""
        if self.process is None or self.pid is None:
            return
        if number is signal.SIGKILL:
            with contextlib.suppress(ProcessLookupError):  # one that was forked this instant has no group yet
                os.killpg(self.process.pid, number)
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def last_words(self) -> str:
        """The end of what it has written, from the last start that ended in a death."""
        begin = self._log_start if self._died_from is None else self._died_from
        return "" if self.spec.log_path is None else tail(self.spec.log_path, begin)


def describe_exit(code: int) -> str:
    """`exit code 3` or `SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
