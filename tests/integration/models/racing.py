"""Running the same thing several times at one moment, for tests of what may happen only once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_S = 60.0


def race(runners: Sequence[Callable[[], T]]) -> list[T]:
    """Run all of them from one starting line, each in a thread of its own; what each returned, in order.

    Raises the first exception that one of them raised.
    """
    line = threading.Barrier(len(runners))

    def run(runner: Callable[[], T]) -> T:
        line.wait(_PATIENCE_S)
        return runner()

    with ThreadPoolExecutor(len(runners)) as pool:
        running = [pool.submit(run, runner) for runner in runners]
        return [one.result(_PATIENCE_S) for one in running]
