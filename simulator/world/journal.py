"""Durable record of every mutation: JSON lines, appended before the answer leaves, replayed at start.

Bytes that have reached the operating system survive a SIGKILL. A last line that was torn by one is cut off: its
answer never left.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pressrun.errors import Conflict

Event = dict[str, Any]


class Journal:
    """Append-only file of events; with `folder=None` it remembers nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._file: int | None = None
        self.folder = folder
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / "journal.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise Conflict(
                f"another simulator runs with the state folder {folder}", type="simulator.folder_taken"
            ) from None

    def replay(self) -> Iterator[Event]:
        """All events so far, oldest first. A torn tail is removed from the file."""
        if self._file is None:
            return
        with os.fdopen(os.dup(self._file), "rb") as lines:
            lines.seek(0)
            intact = 0
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                yield json.loads(line)
                intact += len(line)
        os.ftruncate(self._file, intact)

    def append(self, event: Event) -> None:
        """Hand one event to the operating system."""
        if self._file is None:
            return
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
