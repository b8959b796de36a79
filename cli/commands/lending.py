"""What commands that wait for workers do where there are none: run one for themselves, and say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from cli.output import note
from pressrun.network.hints import Queue

if TYPE_CHECKING:
    from machine.runtime import Runtime


def lending(here: Runtime) -> Callable[[Queue], AbstractContextManager[Callable[[], None]]]:
    """Hands for an errand, with a line for the person who waits."""

    @contextmanager
    def hands(queue: Queue) -> Iterator[Callable[[], None]]:
        from machine.hands import lent_hands

        note(
            f"no worker takes this up, so this command runs one of the queue {queue} until it is done; "
            "`pressrun up` runs all that is needed"
        )
        with lent_hands(here, queue) as check:
            yield check

    return hands
