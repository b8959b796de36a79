"""Waiting in tests: for a condition, with a deadline and a story when it does not come true. Never for a duration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_INTERVAL_S = 0.02


def until(condition: Callable[[], T | None], timeout_s: float = 10.0, what: Callable[[], object] | str = "") -> T:
    """The first true value of `condition`. Raises AssertionError with `what` when there is none in time."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            story = what() if callable(what) else what
            raise AssertionError(f"not within {timeout_s:g} s: {story}")
        pause.wait(_INTERVAL_S)
