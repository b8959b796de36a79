"""The wall clock of one Python process, shifted by what a file holds: `sitecustomize` of all processes of a timelapse.

Stands alone, because it is copied and loaded before anything else. The file holds nanoseconds and is mapped, so a push
is seen by every process at its next look.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

import time_machine

SHIFT_FILE = "TIMELAPSE_SHIFT_FILE"
"""The variable that names the file; without it nothing is shifted."""

_NANOSECONDS = struct.Struct("=q")


class ShiftedClock(time_machine.Traveller):
    """True time and the shift."""

    def __init__(self, path: Path) -> None:
        super().__init__(0, None, tick=True)
        with path.open("rb") as file:
            self._shift = mmap.mmap(file.fileno(), _NANOSECONDS.size, access=mmap.ACCESS_READ)

    def time_ns(self) -> int:
        (shift_ns,) = _NANOSECONDS.unpack(self._shift[:])
        return time_machine.escape_hatch.time.time_ns() + int(shift_ns)


def make(path: Path) -> None:
    """A file that shifts nothing yet."""
    path.write_bytes(_NANOSECONDS.pack(0))


def push(path: Path, shift_ns: int) -> None:
    """Shift every clock of the file to so much after the true time."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), _NANOSECONDS.size) as mapped:
        mapped[:] = _NANOSECONDS.pack(shift_ns)


def pushed(path: Path) -> int:
    """By how much the clocks of the file are shifted, ns."""
    (shift_ns,) = _NANOSECONDS.unpack(path.read_bytes())
    return int(shift_ns)


def enter() -> None:
    """Have this process live by its file from now on, if one is named."""
    path = os.environ.get(SHIFT_FILE)
    if path is not None:
        time_machine.travel(0).start()  # it is what replaces the functions that tell the time
        time_machine.traveller_stack[-1] = ShiftedClock(Path(path))


if __name__ == "sitecustomize":
    enter()
