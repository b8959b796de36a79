"""Taking turns between the workers of a session: no more than two whole stacks at once.

A stack is a Postgres, a broker, five services and what drives them. A third one beside two makes none of them faster,
and all of them so slow that what they promise each other in seconds is no longer kept.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pressrun.embedded.locks import try_lock
from tests.support.waiting import until

AT_ONCE = 2
HOME = "TESTS_SERVER_HOME"
"""Names the folder that all workers of a session share."""
_LONGEST_WAIT_S = 1200.0


@contextmanager
def stack_turn() -> Iterator[None]:
    """Hold one of the places for a whole stack; waits for it. A worker that dies gives its place up."""
    folder = Path(os.environ.get(HOME, tempfile.gettempdir()))
    descriptor = until(lambda: _free_place(folder), _LONGEST_WAIT_S, "no whole stack came to its end")
    try:
        yield
    finally:
        os.close(descriptor)


def _free_place(folder: Path) -> int | None:
    for number in range(AT_ONCE):
        descriptor = try_lock(folder / f"stack-{number}.lock")
        if descriptor is not None:
            return descriptor
    return None
