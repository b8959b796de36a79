"""Waiting for something to come true, without keeping the database busy."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pressrun.clock import Deadline


def until(condition: Callable[[], bool], *, every_s: float, seconds: float | None = None) -> bool:
    """Whether the condition came true in time; None waits for ever. It is asked at least once."""
    deadline = None if seconds is None else Deadline.after(seconds)
    pause = threading.Event()
    while not condition():
        if deadline is not None and deadline.passed:
            return False
        pause.wait(every_s)
    return True
