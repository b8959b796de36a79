"""What a command that asks for something works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from operations.operation import Asker, Context

LARGEST_ID: Final = 2**63 - 1
"""What a number of ours can be: a larger one is no number of anything."""
MOST_ROWS: Final = 10**9
"""That a list can be asked for."""


@contextmanager
def asking() -> Iterator[tuple[Context, Asker]]:
    """The context of operations, on servers that answer; and who asks: at the command line that is the owner.

    Raises what `machine.runtime.runtime` raises.
    """
    from machine.runtime import read_settings, runtime
    from operations.operation import OWNER, Context

    with runtime(read_settings()) as here:
        yield Context(here.database, here.settings), OWNER
