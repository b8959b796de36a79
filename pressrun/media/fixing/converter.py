"""Conversions in a process of their own (`child`), one file at a time.

A file that brings it down, takes too long or too much memory costs that process and nothing else.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from pressrun.clock import Deadline
from pressrun.errors import printable
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.told import CannotFix, Made

MEMORY_BYTES = 1536 * 1024**2
WITHIN_S = 3600.0
_CHILD = "pressrun.media.fixing.child"
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "TMPDIR", "SYSTEMROOT")
"""Of our environment: no secret of ours."""
_MOST_JOBS = 100
_BEAT_S = 0.25


class Converter:
    """One process that converts, started when it is needed and again when it has ended. For one thread."""

    def __init__(self, *, threads: int = 1, memory_bytes: int = MEMORY_BYTES, within_s: float = WITHIN_S) -> None:
        self._threads, self._memory_bytes, self._within_s = threads, memory_bytes, within_s
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs = 0

    def fix(self, source: Path, target: Path, recipe: Recipe, *, beat: Callable[[], None] | None = None) -> Made:
        """Write to `target` what the recipe makes of the source. Raises CannotFix, and OSError when it cannot be
        written; then nothing is left at `target`.

        Args:
            beat: called about four times a second while it lasts; what it raises ends the conversion and comes through.
        """
        process = self._ready()
        job = {"source": str(source), "target": str(target), "recipe": recipe.as_json(), "threads": self._threads}
        try:
            answer = self._ask(process, job, beat)
        except BaseException:
            self._kill()
            target.unlink(missing_ok=True)
            raise
        if "made" in answer:
            return Made.from_json(answer["made"])
        if "trouble" in answer:
            raise OSError(*answer["trouble"])
        if answer.get("is_spent"):
            self._kill()
        raise CannotFix(printable(str(answer["refused"])), field=str(answer.get("field") or "media"))

    def close(self) -> None:
        """End the process; what is under way is dropped."""
        self._kill()

    def __enter__(self) -> Converter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._process is not None and (self._jobs >= _MOST_JOBS or self._process.poll() is not None):
            self._kill()
        if self._process is None:
            env = {name: os.environ[name] for name in _KEPT if name in os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD, str(self._memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=env,
                bufsize=0,
            )
            self._jobs = 0
        self._jobs += 1
        return self._process

    def _ask(
        self, process: subprocess.Popen[bytes], job: dict[str, Any], beat: Callable[[], None] | None
    ) -> dict[str, Any]:
        over = Deadline.after(self._within_s)
        said = b""
        try:
            _pipe(process.stdin).write(json.dumps(job).encode() + b"\n")
            with selectors.DefaultSelector() as selector:
                selector.register(_pipe(process.stdout), selectors.EVENT_READ)
                while not said.endswith(b"\n"):
                    if selector.select(_BEAT_S):
                        said += self._read(process)
                    elif over.passed:
                        raise CannotFix(f"converting it took longer than {self._within_s / 60:g} minutes")
                    elif beat is not None:
                        beat()
        except BrokenPipeError:
            raise CannotFix(self._why_ended(process)) from None
        answer: dict[str, Any] = json.loads(said)
        return answer

    def _read(self, process: subprocess.Popen[bytes]) -> bytes:
        piece = os.read(_pipe(process.stdout).fileno(), 65536)
        if not piece:
            raise BrokenPipeError
        return piece

    def _why_ended(self, process: subprocess.Popen[bytes]) -> str:
        code = process.wait()
        most = f"{self._memory_bytes // 1024**2} MB of memory"
        return f"the conversion broke off ({code}): the file is damaged, or takes more than {most}"

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - the process was started with pipes
    return pipe
