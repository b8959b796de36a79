"""Waiting in tests: for a condition, with a deadline and a story when it does not come true. Never for a duration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LEAST_PATIENCE_S = 60.0
"""No wait gives up sooner: one that comes true costs nothing of it, and a slow machine is not what is tested."""
_INTERVAL_S = 0.02
_LONGEST_S = 0.1
_SHARE = 0.05
"""Of what has been waited: whoever waits for seconds need not know to the hundredth, and a look may cost much."""


def until(
    condition: Callable[[], T | None], timeout_s: float = LEAST_PATIENCE_S, what: Callable[[], object] | str = ""
) -> T:
    """The first true value of `condition`. Raises AssertionError with `what` when there is none in time.

    Args:
        timeout_s: where the condition may take longer than the least patience.
    """
    begun = time.monotonic()
    timeout_s = max(timeout_s, LEAST_PATIENCE_S)
    deadline = begun + timeout_s
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            story = what() if callable(what) else what
            raise AssertionError(f"not within {timeout_s:g} s: {story}")
        pause.wait(min(max((now - begun) * _SHARE, _INTERVAL_S), _LONGEST_S))
