"""What the keeper of a server tells its users: `HOME/run/<kind>.json`, written atomically, readable by the owner."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class State:
    """A server that is ready (`error` empty) or that its keeper has given up."""

    url: str
    server_pid: int
    keeper_pid: int
    error: str = ""


def write(path: Path, state: State) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(asdict(state), out)
    temporary.replace(path)


def read(path: Path) -> State | None:
    """The state, or None while there is none."""
    try:
        return State(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):  # damaged by a full disk: as good as none
        return None
