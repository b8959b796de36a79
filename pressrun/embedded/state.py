"""What the keeper of a server tells its users: `HOME/run/<kind>.json`, written atomically, readable by the owner."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pressrun.embedded.files import write_private


@dataclass(frozen=True)
class State:
    """A server that is ready (`error` empty) or that its keeper has given up."""

    url: str
    server_pid: int
    keeper_pid: int
    error: str = ""


def write(path: Path, state: State) -> None:
    write_private(path, json.dumps(asdict(state)))


def read(path: Path) -> State | None:
    """The state, or None while there is none."""
    try:
        return State(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):  # damaged by a full disk: as good as none
        return None
