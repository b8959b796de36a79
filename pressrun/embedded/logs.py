"""Log files of child processes: appended to by the child itself, so that no reader has to outlive it."""

from __future__ import annotations

import os
from pathlib import Path

_CAP_BYTES = 10 * 1024 * 1024


def open_log(path: Path) -> int:
    """A descriptor that appends to `path`; a file above the cap is first moved to `<name>.1`."""
    if path.exists() and path.stat().st_size > _CAP_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def since(path: Path, offset: int) -> str:
    """What was written after `offset`."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def tail(path: Path, offset: int = 0, *, lines: int = 12) -> str:
    """The last lines written after `offset`, for an error message."""
    return "\n".join(since(path, offset).splitlines()[-lines:])


def size(path: Path) -> int:
    """Bytes in the file; 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
